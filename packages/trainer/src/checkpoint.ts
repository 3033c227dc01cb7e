import type { State } from "@adjoint/ir";
import type { RegisterAttributes } from "@adjoint/ir/graph";
import { AdjointError, type TensorValue, at, equalTypes, typeText } from "@adjoint/ir/values";
import { type Schema, NEVER, object, pipe, safeParse, string, transform } from "@adjoint/ir/schema";
import { type DataPlan, type Progress, progressSchema, toJsonText } from "./records.ts";
import { show } from "./safetensors/error.ts";
import { decodeSafetensors } from "./safetensors/read.ts";
import { type Metadata, encodeSafetensors } from "./safetensors/write.ts";

const FORMAT = "adjoint-checkpoint";
/** Version 1 had all text in the metadata. */
const VERSIONS = ["1", "2"];
/** Tensors of callbacks are in the file as `callback:<callback>:<tensor>`. */
const CALLBACK = "callback:";
/** Text too long for the metadata is in the file as a tensor of its UTF-8 bytes, `text:<key>`. */
const TEXT = "text:";
/** Characters of a text in the metadata at most: the header must stay small enough for every reader. */
const LONGEST_TEXT = 2 ** 16;

/** The state that a callback keeps in a checkpoint. */
export interface CallbackState {
  /** Plain JSON; check it when it comes back, files are not to be trusted. */
  readonly data: unknown;
  readonly tensors?: State;
}

/** All that a run needs to go on as if it had never stopped. */
export interface Checkpoint {
  /** Every register: parameters, running statistics, the optimizer's moments and counter, the random counter. */
  readonly registers: State;
  /** The progress through the data. */
  readonly progress: Progress;
  /** The states of callbacks, by their names. */
  readonly callbacks: { readonly [name: string]: CallbackState };
  /** Text of the caller's own. */
  readonly notes: Metadata;
}

/**
 * A checkpoint as the bytes of a safetensors file. Its progress is JSON text in the metadata, or a tensor of bytes where it is
 * long.
 * @throws AdjointError for a register whose name is reserved, and for a callback whose data are not JSON or too large for it.
 */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const { registers, progress, callbacks, notes } = checkpoint;
  for (const name of Object.keys(registers)) checkName(name);
  const states = Object.entries(callbacks);
  const tensors = states.flatMap(([callback, state]) =>
    Object.entries(state.tensors ?? {}).map(
      ([name, value]) => [`${CALLBACK}${callback}:${name}`, value] as const,
    ),
  );
  const texts = [
    ["progress", toJsonText("its progress", progress)],
    [
      "callbacks",
      objectText(states.map(([name, { data }]) => [name, toJsonText(`callback "${name}"`, data)])),
    ],
    ["notes", toJsonText("its notes", notes)],
  ] as const;
  const long = texts.filter(([, text]) => text.length > LONGEST_TEXT);
  return encodeSafetensors(
    Object.fromEntries([
      ...Object.entries(registers),
      ...tensors,
      ...long.map(([key, text]) => [`${TEXT}${key}`, bytesOf(text)] as const),
    ]),
    {
      format: FORMAT,
      version: at(VERSIONS, -1),
      ...Object.fromEntries(texts.filter((entry) => !long.includes(entry))),
    },
  );
}

function checkName(name: string): void {
  const reserved = [CALLBACK, TEXT].find((prefix) => name.startsWith(prefix));
  if (reserved === undefined) return;
  throw new AdjointError(
    "state",
    "checkpoint",
    `register "${name}" has a name that begins with "${reserved}"`,
    "Rename it.",
  );
}

/** An object of JSON from its keys and the JSON of their values. */
const objectText = (entries: readonly (readonly [key: string, json: string])[]): string =>
  `{${entries.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join(",")}}`;

function bytesOf(text: string): TensorValue {
  const data = new TextEncoder().encode(text);
  return { dtype: "u8", shape: [data.length], data };
}

/** The values of an object of JSON that `is` accepts, whatever their names. */
const entriesOf = <T>(is: (value: unknown, name: string) => value is T): Schema<ReadonlyMap<string, T>> =>
  transform((input, { issues }): ReadonlyMap<string, T> => {
    if (typeof input !== "object" || input === null || Array.isArray(input)) {
      issues.push({ code: "custom", input, message: "is no object" });
      return NEVER;
    }
    const entries = new Map<string, T>();
    for (const [name, entry] of Object.entries(input)) {
      if (is(entry, name)) entries.set(name, entry);
      else issues.push({ code: "custom", path: [name], input: entry, message: "is not what it should be" });
    }
    return entries;
  });

const json = pipe(
  string(),
  transform((text, { issues }): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      issues.push({ code: "custom", input: text, message: "is not JSON" });
      return NEVER;
    }
  }),
);
const schema = object({
  progress: pipe(json, progressSchema),
  callbacks: pipe(
    json,
    entriesOf((_value, name): _value is unknown => !name.includes(":")),
  ),
  notes: pipe(
    json,
    entriesOf((value): value is string => typeof value === "string"),
  ),
});

/**
 * Reads what `encodeCheckpoint` writes, also as earlier versions wrote it.
 * @throws AdjointError (a SafetensorsError if the file itself is broken) for anything but a checkpoint.
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
  const { version = "" } = metadata;
  if (!VERSIONS.includes(version)) {
    throw new AdjointError(
      "state",
      "checkpoint",
      `the file has version ${show(version)}, and this library reads versions ${VERSIONS.join(" and ")}`,
    );
  }
  const registers = new Map<string, TensorValue>();
  const owned: [callback: string, name: string, value: TensorValue][] = [];
  const texts: { [key: string]: string } = { ...metadata };
  for (const [name, value] of Object.entries(tensors)) {
    if (version !== "1" && name.startsWith(TEXT)) texts[name.slice(TEXT.length)] = textOf(name, value);
    else if (name.startsWith(CALLBACK)) {
      const [callback = "", ...rest] = name.slice(CALLBACK.length).split(":");
      owned.push([callback, rest.join(":"), value]);
    } else registers.set(name, value);
  }
  const parsed = safeParse(schema, texts);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new AdjointError(
      "state",
      "checkpoint",
      `the metadata are damaged at ${issue?.path.map(String).join(".") ?? ""}: ${issue?.message ?? ""}`,
    );
  }
  const { progress, notes, callbacks: data } = parsed.data;
  const states = new Map([...data].map(([name]) => [name, new Map<string, TensorValue>()]));
  for (const [callback, name, value] of owned) {
    const state = states.get(callback);
    if (state === undefined) {
      throw new AdjointError(
        "state",
        "checkpoint",
        `tensor ${show(`${CALLBACK}${callback}:${name}`)} belongs to no callback of the file`,
      );
    }
    state.set(name, value);
  }
  const callbacks = [...states].map(
    ([name, own]) => [name, { data: data.get(name), tensors: Object.fromEntries(own) }] as const,
  );
  return {
    registers: Object.fromEntries(registers),
    progress,
    callbacks: Object.fromEntries(callbacks),
    notes: Object.fromEntries(notes),
  };
}

/** Text from a tensor of its bytes. */
function textOf(name: string, { dtype, data }: TensorValue): string {
  try {
    if (dtype === "u8")
      return new TextDecoder("utf-8", { fatal: true }).decode(data as Uint8Array<ArrayBuffer>);
  } catch {
    // Said below.
  }
  throw new AdjointError("state", "checkpoint", `tensor ${show(name)} is no text in UTF-8`);
}

/**
 * Refuses a checkpoint of another model or another way to cut the data: going on from it would not be the same run.
 * @param measures the outputs of the training program.
 * @param batches the batches of an epoch.
 * @throws AdjointError naming the register or the setting.
 */
export function checkResumable(
  { registers: saved, progress }: Checkpoint,
  registers: ReadonlyMap<string, RegisterAttributes>,
  plan: DataPlan,
  { measures, batches }: { readonly measures: readonly string[]; readonly batches: number },
): void {
  const refuse = (problem: string, remedy: string): never => {
    throw new AdjointError("state", "resume", problem, remedy);
  };
  const another = "It was made by another model or another optimizer.";
  for (const [name, register] of registers) {
    const value = Object.hasOwn(saved, name) ? saved[name] : undefined;
    if (value === undefined) refuse(`the checkpoint lacks register "${name}" of the model`, another);
    else if (!equalTypes(value, register))
      refuse(
        `register "${name}" is ${typeText(register)}, and ${typeText(value)} in the checkpoint`,
        another,
      );
  }
  const extra = Object.keys(saved).find((name) => !registers.has(name));
  if (extra !== undefined) refuse(`the checkpoint has register "${extra}", which the model lacks`, another);
  const was = progress.plan;
  for (const setting of ["examples", "batchSize", "shuffle", "lastBatch"] as const) {
    if (plan[setting] === was[setting]) continue;
    refuse(
      `${setting} is ${plan[setting]}, and was ${was[setting]} when the checkpoint was made`,
      "A resumed run must get the same batches.",
    );
  }
  if (progress.batch > batches)
    refuse(
      `the checkpoint is at batch ${progress.batch} of an epoch of ${batches}`,
      "Its progress is damaged.",
    );
  const measured = Object.keys(progress.sums.values);
  if (progress.batch > 0 && measured.toSorted().join(", ") !== measures.toSorted().join(", ")) {
    refuse(
      `${measures.join(", ")} are measured, and were ${measured.join(", ")} in the epoch that the checkpoint is in`,
      "Go on with the same metrics, or from a checkpoint after a whole epoch.",
    );
  }
}
