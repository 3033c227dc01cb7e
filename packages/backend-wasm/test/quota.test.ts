import { describe, expect, it, vi } from "vitest";
import process from "node:process";
import { coresOf } from "../src/threads/engine.ts";
import { quotaOf } from "../src/threads/quota.ts";

const of = (files: { readonly [path: string]: string }): number => quotaOf((path) => files[path]);

describe("the processors of a control group", () => {
  it.for([
    ["nothing is told", {}, Infinity],
    [
      "version 2, a container's own",
      { "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "150000 100000\n" },
      1.5,
    ],
    [
      "version 2, no limit",
      { "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "max 100000\n" },
      Infinity,
    ],
    [
      "version 2, the least of a group and those around it",
      {
        "/proc/self/cgroup": "0::/system.slice/app.service\n",
        "/sys/fs/cgroup/cpu.max": "max 100000\n",
        "/sys/fs/cgroup/system.slice/cpu.max": "300000 100000\n",
        "/sys/fs/cgroup/system.slice/app.service/cpu.max": "800000 100000\n",
      },
      3,
    ],
    [
      "version 1",
      {
        "/proc/self/cgroup": "12:memory:/docker/5\n4:cpu,cpuacct:/docker/5\n0::/\n",
        "/sys/fs/cgroup/cpu,cpuacct/docker/5/cpu.cfs_quota_us": "50000\n",
        "/sys/fs/cgroup/cpu,cpuacct/docker/5/cpu.cfs_period_us": "100000\n",
      },
      0.5,
    ],
    [
      "version 1, the path of the machine outside",
      {
        "/proc/self/cgroup": "4:cpu:/docker/5\n",
        "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000\n",
        "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
      },
      2,
    ],
    [
      "version 1, no limit",
      {
        "/proc/self/cgroup": "4:cpu:/\n",
        "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
        "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
      },
      Infinity,
    ],
    ["what can't be read", { "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "?" }, Infinity],
  ] as const)("%s", ([, files, quota]) => expect(of(files)).toBe(quota));

  it.for([
    [64, "150000 100000", 1],
    [64, "20000 100000", 1],
    [64, "400000 100000", 4],
    [2, "400000 100000", 2],
  ] as const)("of %i processors, %s leaves %i", ([cores, maximum, left]) => {
    const builtin = process.getBuiltinModule;
    const readFileSync = (path: string): string => (path.endsWith("cgroup") ? "0::/" : maximum);
    vi.stubGlobal("navigator", { hardwareConcurrency: cores });
    const read = vi
      .spyOn(process, "getBuiltinModule")
      .mockImplementation((name: string) => (name === "node:fs" ? { readFileSync } : builtin(name)));
    try {
      expect(coresOf()).toBe(left);
    } finally {
      read.mockRestore();
      vi.unstubAllGlobals();
    }
  });
});
