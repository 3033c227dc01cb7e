import { AdjointError, type RegisterAttributes, type State, type TensorValue } from "@adjoint/ir";
import { z } from "zod";
import { type DataPlan, type Progress, progressSchema, toJsonText } from "./progress.ts";
import { decodeSafetensors } from "./safetensors/read.ts";
import { type Metadata, encodeSafetensors } from "./safetensors/write.ts";

const FORMAT = "adjoint-checkpoint";
const VERSION = "1";
/** Tensors of callbacks are in the file as `callback:<callback>:<tensor>`. */
const CALLBACK = "callback:";

/** What a callback keeps in a checkpoint. */
export interface CallbackState {
  /** Plain JSON; check it when it comes back, files are not to be trusted. */
  readonly data: unknown;
  readonly tensors?: State;
}

/** All that a run needs to go on as if it had never stopped. */
export interface Checkpoint {
  /** Every register: parameters, running statistics, the optimizer's moments and counter, the random counter. */
  readonly registers: State;
  /** Where in the data it stands. */
  readonly progress: Progress;
  /** What callbacks keep, by their names. */
  readonly callbacks: { readonly [name: string]: CallbackState };
  /** Text of the caller's own. */
  readonly notes: Metadata;
}

/** A checkpoint as the bytes of a safetensors file; its progress is JSON text in the metadata. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const tensors: { [name: string]: TensorValue } = { ...checkpoint.registers };
  const reserved = Object.keys(tensors).find((name) => name.startsWith(CALLBACK));
  if (reserved !== undefined) {
    throw new AdjointError(
      "state",
      "checkpoint",
      `register "${reserved}" has a name that begins with "${CALLBACK}"`,
      "Rename it.",
    );
  }
  const data: { [name: string]: unknown } = {};
  for (const [callback, state] of Object.entries(checkpoint.callbacks)) {
    data[callback] = state.data;
    for (const [name, value] of Object.entries(state.tensors ?? {}))
      tensors[`${CALLBACK}${callback}:${name}`] = value;
  }
  return encodeSafetensors(tensors, {
    format: FORMAT,
    version: VERSION,
    progress: toJsonText(checkpoint.progress),
    callbacks: toJsonText(data),
    notes: JSON.stringify(checkpoint.notes),
  });
}

const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue("is not JSON");
    return z.NEVER;
  }
});
const schema = z.object({
  progress: json.pipe(progressSchema),
  callbacks: json.pipe(z.record(z.string().regex(/^[^:]+$/), z.unknown())),
  notes: json.pipe(z.record(z.string(), z.string())),
});

/**
 * Reads what `encodeCheckpoint` writes.
 * @throws AdjointError (a SafetensorsError where the file itself is broken) for what is no checkpoint of this version.
 */
export function decodeCheckpoint(file: Uint8Array): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(file);
  if (metadata["format"] !== FORMAT) {
    throw new AdjointError(
      "state",
      "checkpoint",
      "the file has tensors, but is no checkpoint",
      "Its metadata would say so; weights alone can't be resumed from.",
    );
  }
  if (metadata["version"] !== VERSION) {
    throw new AdjointError(
      "state",
      "checkpoint",
      `the file has version ${metadata["version"]}, and this library reads version ${VERSION}`,
    );
  }
  const parsed = schema.safeParse(metadata);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new AdjointError(
      "state",
      "checkpoint",
      `the metadata are damaged at ${issue?.path.map(String).join(".") ?? ""}: ${issue?.message ?? ""}`,
    );
  }
  const { progress, notes } = parsed.data;
  const registers: { [name: string]: TensorValue } = {};
  const callbacks: { [name: string]: { data: unknown; tensors: { [name: string]: TensorValue } } } = {};
  for (const [name, data] of Object.entries(parsed.data.callbacks)) callbacks[name] = { data, tensors: {} };
  for (const [name, value] of Object.entries(tensors)) {
    if (!name.startsWith(CALLBACK)) {
      registers[name] = value;
      continue;
    }
    const [callback = "", ...rest] = name.slice(CALLBACK.length).split(":");
    const owner = Object.hasOwn(callbacks, callback) ? callbacks[callback] : undefined;
    if (owner === undefined)
      throw new AdjointError("state", "checkpoint", `tensor "${name}" belongs to no callback of the file`);
    owner.tensors[rest.join(":")] = value;
  }
  return { registers, progress, callbacks, notes };
}

/**
 * Refuses a checkpoint of another model or another way to cut the data: going on from it would not be the same run.
 * @throws AdjointError naming the register or the setting.
 */
export function checkResumable(
  checkpoint: Checkpoint,
  registers: ReadonlyMap<string, RegisterAttributes>,
  plan: DataPlan,
): void {
  const missing = [...registers.keys()].find((name) => !Object.hasOwn(checkpoint.registers, name));
  const extra = Object.keys(checkpoint.registers).find((name) => !registers.has(name));
  if (missing !== undefined || extra !== undefined) {
    throw new AdjointError(
      "state",
      "resume",
      missing === undefined
        ? `the checkpoint has register "${extra}", which the model lacks`
        : `the checkpoint lacks register "${missing}" of the model`,
      "It was made by another model or another optimizer.",
    );
  }
  const was = checkpoint.progress.plan;
  for (const [setting, now, before] of [
    ["examples", plan.examples, was.examples],
    ["batchSize", plan.batchSize, was.batchSize],
    ["shuffle", plan.shuffle, was.shuffle],
    ["lastBatch", plan.lastBatch, was.lastBatch],
  ] as const) {
    if (now === before) continue;
    throw new AdjointError(
      "state",
      "resume",
      `${setting} is ${now}, and was ${before} when the checkpoint was made`,
      "A resumed run must get the same batches.",
    );
  }
}
