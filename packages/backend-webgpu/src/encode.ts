import type { Kernel } from "@adjoint/compiler/kernel";
import type { Dispatch, Pipelines } from "./device/pipelines.ts";
import type { CopyStep, Step } from "./kernels/steps.ts";

/** A step whose pipeline exists. */
export type Command =
  | { readonly kind: "dispatch"; readonly dispatch: Dispatch }
  | CopyStep
  | {
      readonly kind: "loop";
      readonly length: number;
      readonly reverse: boolean;
      readonly body: readonly Command[];
    };

/**
 * Creates the pipelines of all steps, at the same time.
 * @param nameOf what to call a kernel in an error.
 * @throws AdjointError where the device refuses a kernel.
 */
export function commandsOf(
  steps: readonly Step[],
  pipelines: Pipelines,
  nameOf: (kernel: Kernel) => string,
): Promise<readonly Command[]> {
  return Promise.all(
    steps.map(async (step): Promise<Command> => {
      switch (step.kind) {
        case "launch":
          return {
            kind: "dispatch",
            dispatch: await pipelines.dispatch(step.launch, () => nameOf(step.kernel)),
          };
        case "loop":
          return { ...step, body: await commandsOf(step.body, pipelines, nameOf) };
        case "copy":
          return step;
      }
    }),
  );
}

/** Writes commands to an encoder: dispatches in one pass as far as copies between them allow. */
export class CommandWriter {
  readonly encoder: GPUCommandEncoder;
  #pass: GPUComputePassEncoder | undefined;

  constructor(encoder: GPUCommandEncoder) {
    this.encoder = encoder;
  }

  /** @param at the step of the innermost loop. */
  write(command: Command, at = 0): void {
    switch (command.kind) {
      case "dispatch": {
        this.#pass ??= this.encoder.beginComputePass();
        const { pipeline, bindGroup, groups } = command.dispatch;
        this.#pass.setPipeline(pipeline);
        this.#pass.setBindGroup(0, bindGroup);
        this.#pass.dispatchWorkgroups(...groups);
        return;
      }
      case "copy": {
        this.endPass();
        const { from, to, bytes, stacked } = command;
        this.encoder.copyBufferToBuffer(
          from.buffer,
          stacked === "from" ? at * bytes : 0,
          to.buffer,
          stacked === "to" ? at * bytes : 0,
          bytes,
        );
        return;
      }
      case "loop": {
        const { length, reverse, body } = command;
        for (let step = 0; step < length; step++)
          for (const inner of body) this.write(inner, reverse ? length - 1 - step : step);
      }
    }
  }

  /** Commands outside the pass. */
  endPass(): void {
    this.#pass?.end();
    this.#pass = undefined;
  }
}
