import { webgpu } from "@adjoint/backend-webgpu";
import { add, exp, gather, input, isNaN, mul, program, register, scan, scatter } from "@adjoint/ir";
import { describe, expect, it, vi } from "vitest";
import { Pipelines } from "../src/device/pipelines.ts";
import { type StubOptions, stubDevice } from "./stub-device.ts";
import { feeds, open, unary, x } from "./support.ts";

describe("opening", () => {
  it("says what to do where there is no WebGPU, no adapter, or no device", async () => {
    await expect(webgpu()).rejects.toThrow(/no WebGPU here.*webgpu\(\{ gpu \}\)/);
    // The one method that is called.
    const none = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU;
    await expect(webgpu({ gpu: none })).rejects.toThrow("no adapter was found");
    const limits = {};
    const requestDevice = (): Promise<never> => Promise.reject(new Error("adapter is consumed"));
    const used = {
      requestAdapter: () => Promise.resolve({ limits, features: new Set(), requestDevice }),
    } as unknown as GPU;
    await expect(webgpu({ gpu: used })).rejects.toMatchObject({
      code: "backend",
      message: expect.stringMatching(/gives no device: adapter is consumed\. Check/),
    });
  });

  it("asks for the adapter's buffers, and keeps a binding of each kernel for itself", async () => {
    const asked: GPUDeviceDescriptor[] = [];
    const adapter = {
      limits: {
        maxBufferSize: 10,
        maxStorageBufferBindingSize: 9,
        maxStorageBuffersPerShaderStage: 12,
        other: 1,
      },
      features: new Set(["timestamp-query", "shader-f16", "subgroups"]),
      requestDevice: (descriptor: GPUDeviceDescriptor) => {
        asked.push(descriptor);
        return Promise.resolve(stubDevice({ storageBuffers: 12 }).device);
      },
    };
    const wished: unknown[] = [];
    // The one method that is called.
    const gpu = {
      requestAdapter: (wish: unknown) => (wished.push(wish), Promise.resolve(adapter)),
    } as unknown as GPU;
    const { limits } = await webgpu({ gpu, powerPreference: "low-power" });
    expect(wished).toEqual([{ powerPreference: "low-power" }]);
    expect(asked).toEqual([
      {
        requiredLimits: {
          maxBufferSize: 10,
          maxStorageBufferBindingSize: 9,
          maxStorageBuffersPerShaderStage: 12,
        },
        requiredFeatures: ["timestamp-query", "shader-f16", "subgroups"],
      },
    ]);
    expect(limits).toEqual({ buffers: 11 });
  });

  it("ends with its device, unless that is the caller's", async () => {
    const given = stubDevice().device;
    const asked = stubDevice().device;
    const adapter = { limits: {}, features: new Set(), requestDevice: () => Promise.resolve(asked) };
    // The one method that is called.
    const gpu = { requestAdapter: () => Promise.resolve(adapter) } as unknown as GPU;
    const destroyed = [given, asked].map((device) => vi.spyOn(device, "destroy"));
    {
      using own = await webgpu({ gpu });
      using other = await webgpu({ device: given });
      expect([own.name, other.name]).toEqual(["webgpu", "webgpu"]);
      for (const destroy of destroyed) expect(destroy).not.toHaveBeenCalled();
    }
    expect(destroyed.map((destroy) => destroy.mock.calls.length)).toEqual([0, 1]);
  });
});

describe("shaders", () => {
  it("print a map as one expression an element", async () => {
    const { record } = await open(unary((t) => mul(t, add(t, 1))));
    expect(record.shaders).toMatchInlineSnapshot(`
      [
        "@group(0) @binding(0) var<storage, read_write> memory0: array<u32>;
      @compute @workgroup_size(64)
      fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
      let group = workgroup.x + workgroup.y * 1u;
      let at = i32(group * 64u + lane);
      if (at >= 6) { return; }
      let i0 = at;
      let v0 = bitcast<f32>(memory0[i0]);
      let v1 = 1f;
      let v2 = (v0 + v1);
      let v3 = (v0 * v2);
      memory0[i0] = bitcast<u32>(v3);
      }",
      ]
    `);
  });

  it("hold only the functions that they call, and test NaN by its bits", async () => {
    const { record } = await open(unary((t) => isNaN(t)));
    expect(record.shaders[0]).toContain("fn isNan(x: f32) -> bool { return magnitude(x) > 0x7f800000u; }");
    expect(record.shaders[0]).not.toContain("fn exponential(");
    const { record: other } = await open(unary(exp));
    expect(other.shaders[0]).toContain("fn exponential(x: f32) -> f32 {");
    expect(other.shaders[0]).not.toMatch(/[^a-z]exp\(/);
  });

  it("bind memory that a kernel reads and writes in place once, as read_write", async () => {
    const weight = register("weight", "f32", [6]);
    const { record } = await open(
      program({ inputs: { x }, outputs: {}, updates: [{ register: weight, next: add(weight, x) }] }),
    );
    expect(record.shaders[0]?.match(/var<storage, \w+>/g)).toEqual([
      "var<storage, read_write>",
      "var<storage, read>",
    ]);
  });

  it("share tiles of a product in workgroup memory, but not where a CPU plays the GPU", async () => {
    const [a, b] = [input("a", "f32", [32, 16]), input("b", "f32", [16, 32])];
    const main = program({ inputs: { a, b }, outputs: { y: a.matMul(b) } });
    const { record } = await open(main);
    expect(record.shaders[0]).toContain("workgroupBarrier()");
    const { record: software } = await open(main, { isFallbackAdapter: true });
    expect(software.shaders[0]).not.toContain("workgroup>");
    expect(software.shaders[0]).toContain("s3_1 += a3[3] * b1_3;");
  });

  it("join a workgroup's folds without barriers once a subgroup has enough invocations", async () => {
    const long = input("x", "f32", [8, 1000]);
    const main = program({ inputs: { x: long }, outputs: { y: long.reduceSum({ axes: [1] }) } });
    const textOn = async (options: StubOptions): Promise<string> =>
      (await open(main, { subgroupMinSize: 32, ...options })).record.shaders[0] ?? "";
    const plain = await textOn({});
    expect(plain).toContain("for (var half = 32u; half >= 1u; half = half >> 1u) {");
    expect(plain).not.toContain("subgroup");
    const features = ["subgroups"];
    const text = await textOn({ features });
    // One of six halvings is left to the workgroup.
    expect(text).toContain("for (var half = 32u; half >= 32u; half = half >> 1u) {");
    expect(text.slice(text.lastIndexOf("workgroupBarrier();"))).toMatchInlineSnapshot(`
      "workgroupBarrier();
      }
      fold0 = fold0Shared[subgroupIndex & 31u];
      for (var half = 16u; half > 0u; half = half >> 1u) {
      let fold0Other = subgroupShuffleXor(fold0, half);
      fold0 = (fold0 + fold0Other);
      }
      fold0 = subgroupBroadcastFirst(fold0);
      if (lane == 0u && group < 8u) {
      let r0 = fold0;
      memory0[i0] = bitcast<u32>(r0);
      }
      }"
    `);
    expect(text).toMatch(/^enable subgroups;\n/);
    // Invocations of a subgroup that is larger than the workgroup may be missing.
    expect(await textOn({ features, subgroupMinSize: 128 })).toBe(plain);
  });

  it("add in a fixed order: an invocation for every column of a scatter, one after another along its rows", async () => {
    const rows = input("rows", "i32", [5, 1]);
    const updates = input("updates", "f32", [5, 7]);
    const data = input("data", "f32", [3, 7]);
    const { record } = await open(
      program({
        inputs: { rows, updates, data },
        outputs: { y: scatter(data, rows, updates, "add") },
      }),
    );
    const text = record.shaders.at(-1) ?? "";
    expect(text).toContain("if (at >= 7) { return; }");
    expect(text).toContain("for (var step = 0; step < 5; step++) {");
  });

  it("spread more workgroups than a dimension holds over two", async () => {
    const wide = unary((t) => t.reduceSum().broadcast([2 ** 23]));
    const { record, session } = await open(wide);
    await session.run("main", feeds);
    const largest = record.groups.toSorted(([a = 0], [b = 0]) => b - a)[0] ?? [];
    expect(largest).toEqual([43_691, 3]);
    expect(largest[0]).toBeLessThan(65_536);
    expect((largest[0] ?? 0) * (largest[1] ?? 0) * 64).toBeGreaterThanOrEqual(2 ** 23);
  });
});

it("keeps the 512 pipelines that were asked for last", async () => {
  const { device, record } = stubDevice();
  const pipelines = new Pipelines(device);
  const ask = async (shader: number): Promise<number> => {
    await pipelines.dispatch({ text: String(shader), bindings: [], groups: [1, 1] }, () => "a kernel");
    return record.shaders.length;
  };
  for (let shader = 0; shader < 512; shader++) await ask(shader);
  expect(await ask(0)).toBe(512);
  // One more: the second has not been asked for since the longest.
  expect([await ask(512), await ask(0), await ask(1)]).toEqual([513, 513, 514]);
});

describe("a run", () => {
  it("is one submit, a loop's steps and copies included", async () => {
    const { carry } = scan({ carry: [x], length: 5 }, ([last = x]) => ({ carry: [mul(last, 2)] }));
    const { record, session } = await open(program({ inputs: { x }, outputs: { y: carry[0] ?? x } }));
    await session.run("main", feeds);
    expect(record.submits).toBe(1);
    // The carry's first value, then a kernel a step.
    expect(record.groups).toHaveLength(6);
  });

  it("fails with the site that the device noted, and the next one is fine", async () => {
    const table = input("table", "f32", [3]);
    const at = input("at", "i32", [2, 1]);
    const main = program({ inputs: { table, at }, outputs: { y: gather(table, at) } });
    let control = [1, 0, -7];
    const { session } = await open(main, { control: () => control });
    const fed = { table: new Float32Array(3), at: new Int32Array(2) };
    await expect(session.run("main", fed)).rejects.toMatchObject({
      code: "index",
      message: expect.stringContaining("index -7 lies outside an axis of size 3"),
    });
    control = [];
    await expect(session.run("main", fed)).resolves.toBeDefined();
  });

  it("on a lost device is an error that says so", async () => {
    const { session, lose } = await open(unary(exp));
    await lose("driver reset");
    await expect(session.run("main", feeds)).rejects.toThrow(
      /device is lost \(unknown: driver reset\).*checkpoint/,
    );
  });
});
