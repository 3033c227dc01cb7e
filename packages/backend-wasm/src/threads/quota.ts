/** A file's text; undefined where there is none. */
type Read = (path: string) => string | undefined;

/** Where control groups are mounted. */
const ROOT = "/sys/fs/cgroup";

/**
 * Processors' worth of time that Linux gives the process's control group and those around it; Infinity without a limit, or
 * without Linux. Containers are limited this way while the machine still shows all of its processors.
 * @see https://docs.kernel.org/admin-guide/cgroup-v2.html (cpu.max) and https://docs.kernel.org/scheduler/sched-bwc.html (v1)
 */
export function quotaOf(read: Read): number {
  const groups = (read("/proc/self/cgroup") ?? "").split("\n").flatMap((line) => {
    // hierarchy:controllers:path; of version 2 there is one line, without controllers.
    const [, controllers = "", path = ""] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === "") return [];
    if (controllers === "") return around(path).map((group) => maximumOf(read(`${ROOT}${group}/cpu.max`)));
    if (!controllers.split(",").includes("cpu")) return [];
    return [`${ROOT}/cpu`, `${ROOT}/${controllers}`].flatMap((mount) =>
      around(path).map((group) => {
        const [quota, period] = [`cfs_quota_us`, `cfs_period_us`].map((name) =>
          read(`${mount}${group}/cpu.${name}`),
        );
        return maximumOf(`${quota} ${period}`);
      }),
    );
  });
  return Math.min(Infinity, ...groups);
}

/** A group and those around it. In a container the path may be one of the machine outside: its root is always there. */
function around(path: string): readonly string[] {
  const names = path.split("/").filter((name) => name !== "");
  return Array.from({ length: names.length + 1 }, (_, count) =>
    names
      .slice(0, count)
      .map((name) => `/${name}`)
      .join(""),
  );
}

/** "quota period" in microseconds; a quota of "max" or −1 is none. */
function maximumOf(text: string | undefined): number {
  const [quota, period] = (text ?? "").trim().split(/\s+/).map(Number);
  return quota !== undefined && period !== undefined && quota > 0 && period > 0 ? quota / period : Infinity;
}
