import { expect, test } from "vitest";
import { contestants } from "../src/contestants/table.ts";
import { isOn, isOwn, names, ownNames, peerNames, platforms } from "../src/contestants/names.ts";
import { nodePlace } from "../src/partners/places.ts";
import { platformsOf, workloadNames, workloads } from "../src/tasks/workloads/table.ts";

test("each contestant is on one platform, ours or a peer", () => {
  const all = [...ownNames, ...peerNames];
  expect(Object.keys(contestants).toSorted()).toEqual(all.toSorted());
  for (const name of all) expect(platforms.filter((platform) => isOn(platform, name))).toHaveLength(1);
  expect(all.filter(isOwn)).toEqual(ownNames);
});

test("in Chromium ONNX Runtime trains nothing, and all else may run", () => {
  const workload = workloads["tiny-train"];
  const cannot = names.chromium.peers.map((name) =>
    contestants[name].cannot({ workload, threads: 1, major: 150 }),
  );
  expect(cannot).toEqual([undefined, undefined, "runs models, doesn't train them"]);
});

test("what a software adapter can do in minutes runs in Chromium", () => {
  const inChromium = workloadNames.filter((name) => platformsOf(name).includes("chromium"));
  expect(inChromium).toEqual([
    "mlp-train",
    "mlp-infer-1",
    "mlp-infer-100",
    "gemm-512",
    "elementwise-1m",
    "softmax-rows",
    "tiny-train",
    "tiny-infer",
  ]);
  expect(platformsOf("cnn-train")).toEqual(["node"]);
});

test("without a Python PyTorch can't be started, and others can", () => {
  const { starter } = nodePlace({ major: 20, version: "20.1.0", path: "node" }, undefined, [1]);
  expect(starter("pytorch", ".")).toBeUndefined();
  expect(starter("wasm", ".")).toBeTypeOf("function");
});
