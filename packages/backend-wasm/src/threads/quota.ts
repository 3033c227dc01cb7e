/** A file's text; undefined where there is none. */
type Read = (path: string) => string | undefined;

/**
 * Processors' worth of time that Linux gives the process's control group and those around it; Infinity without a limit, or
 * without Linux. Containers are limited this way while the machine still shows all of its processors.
 * @see https://docs.kernel.org/admin-guide/cgroup-v2.html (cpu.max) and https://docs.kernel.org/scheduler/sched-bwc.html (v1)
 */
export function quotaOf(read: Read): number {
  let least = Infinity;
  for (const line of (read("/proc/self/cgroup") ?? "").split("\n")) {
    // hierarchy:controllers:path; of version 2 there is one line, without controllers.
    const [, controllers = "", path = ""] = line.split(":");
    const mount = `/sys/fs/cgroup${controllers && "/"}${controllers}`;
    // From the group outwards: in a container the path may be one of the machine outside, and its root is always there.
    let group = path === "/" ? "" : path;
    for (;;) {
      const at = `${mount}${group}/cpu.`;
      const limit = read(`${at}max`) ?? `${read(`${at}cfs_quota_us`)} ${read(`${at}cfs_period_us`)}`;
      const [quota = NaN, period = NaN] = limit.split(" ").map(Number);
      // No limit is "max", or −1.
      if (quota > 0 && period > 0) least = Math.min(least, quota / period);
      // A path has a slash at its start, or is none.
      if (!group.startsWith("/")) break;
      group = group.slice(0, group.lastIndexOf("/"));
    }
  }
  return least;
}
