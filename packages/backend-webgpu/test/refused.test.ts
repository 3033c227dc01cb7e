import { webgpu } from "@adjoint/backend-webgpu";
import { compile } from "@adjoint/compiler";
import { input, program } from "@adjoint/ir";
import { AdjointError } from "@adjoint/ir/values";
import { describe, expect, it } from "vitest";
import { type StubOptions, stubDevice } from "./stub-device.ts";

const x = input("x", "f32", [3, 40]);
const main = program({ inputs: { x }, outputs: { total: x.mul(2).reduceSum({ axes: [1] }) } });

const kernel = String.raw`the kernel "reduce \[3\] over \[40\] mul · reduceSum", which computes output "total"`;

describe("what a device refuses is an error that says what, why and what to do", () => {
  type Refuse = NonNullable<StubOptions["refuse"]>;
  const refusing =
    (...[part, filter]: readonly [Parameters<Refuse>[0], GPUErrorFilter]): Refuse =>
    (asked) =>
      asked === part ? { filter, message: "\nsay the driver's words\n" } : undefined;

  it.each<readonly [what: string, refuse: Refuse, message: string]>([
    ["a shader", refusing("shader", "validation"), `refuses ${kernel}: say the driver's words. Update`],
    ["a pipeline", refusing("pipeline", "validation"), `refuses ${kernel}: say the driver's words. Update`],
    ["bindings", refusing("bind group", "validation"), `refuses ${kernel}: say the driver's words. Update`],
    [
      "memory for a shader",
      refusing("shader", "out-of-memory"),
      `has no room for ${kernel}: .* smaller batch`,
    ],
    ["an internal failure", refusing("shader", "internal"), `refuses ${kernel}: say the driver's words`],
    [
      "a buffer",
      refusing("buffer", "validation"),
      String.raw`refuses the \d+ bytes of the program .*: say .* Update`,
    ],
    [
      "memory",
      refusing("buffer", "out-of-memory"),
      String.raw`has no room for the \d+ bytes of the program .*: say`,
    ],
  ])("%s", async (_, refuse, message) => {
    const { device, record } = stubDevice({ refuse });
    const error: unknown = await compile({ main }, { backend: await webgpu({ device }) }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(AdjointError);
    expect(error).toMatchObject({
      code: "backend",
      message: expect.stringMatching(`^webgpu: the device ${message}`),
    });
    expect(record.bytes).toBe(0);
  });

  it("and is asked for again by the next program", async () => {
    let isRefusing = true;
    const { device } = stubDevice({
      refuse: (part) =>
        part === "shader" && isRefusing ? { filter: "out-of-memory", message: "" } : undefined,
    });
    const backend = await webgpu({ device });
    await expect(compile({ main }, { backend })).rejects.toThrow(
      /no room for the kernel.*"total"\. Use a smaller/,
    );
    isRefusing = false;
    await expect(compile({ main }, { backend })).resolves.toBeDefined();
  });

  it("unless the device is lost, which is said instead", async () => {
    let lost: Promise<void> | undefined;
    const { device, lose } = stubDevice({
      refuse: (part) => {
        if (part !== "pipeline") return undefined;
        lost = lose("driver reset");
        return { filter: "internal", message: "no device" };
      },
    });
    await expect(compile({ main }, { backend: await webgpu({ device }) })).rejects.toThrow(
      /device is lost.*driver reset/,
    );
    await lost;
  });
});
