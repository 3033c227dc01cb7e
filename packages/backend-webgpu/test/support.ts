import { webgpu } from "@adjoint/backend-webgpu";
import { type Session, compile } from "@adjoint/compiler";
import { type Graph, type Tensor, input, program } from "@adjoint/ir";
import { type StubOptions, stubDevice } from "./stub-device.ts";

/** A program of one output, compiled on a device that only takes notes. */
export async function open(
  main: Graph,
  options: StubOptions = {},
): Promise<ReturnType<typeof stubDevice> & { readonly session: Session<{ main: Graph }> }> {
  const stub = stubDevice(options);
  const session = await compile({ main }, { backend: await webgpu({ device: stub.device }) });
  return { ...stub, session };
}

export const x: Tensor = input("x", "f32", [6]);
export const unary = (build: (x: Tensor) => Tensor): Graph =>
  program({ inputs: { x }, outputs: { y: build(x) } });
export const feeds: { readonly x: Float32Array<ArrayBuffer> } = { x: new Float32Array(6) };
