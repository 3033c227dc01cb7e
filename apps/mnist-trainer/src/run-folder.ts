import { mkdir, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Placement } from "./settings.ts";
import { UsageError } from "./usage-error.ts";

/** The files that a run leaves in its folder. */
export const fileNames = {
  weights: "weights.safetensors",
  model: "model.json",
  history: "history.json",
  lossPlot: "loss.svg",
  accuracyPlot: "accuracy.svg",
  onnx: "model.onnx",
  onnxStep: "train-step.onnx",
  checkpoint: "checkpoint.safetensors",
} as const;

/**
 * The folder of a run: the one asked for, the checkpoint's, or a new one named after the model and the time.
 * @throws UsageError when something is in it and nothing is resumed.
 */
export async function chooseFolder(
  { out, resume }: Pick<Placement, "out" | "resume">,
  model: string,
  now: Date,
): Promise<string> {
  if (resume !== undefined) return out ?? dirname(resume);
  const folder = out ?? join("runs", `${model}-${timestamp(now)}`);
  const entries: readonly string[] = await readdir(folder).catch((error: unknown): string[] => {
    if (codeOf(error) === "ENOENT") return [];
    throw new UsageError(
      `--out ${folder} can't be used: ${codeOf(error) === "ENOTDIR" ? "it is a file" : String(error)}`,
    );
  });
  if (entries.length === 0) return folder;
  const resumable = entries.includes(fileNames.checkpoint)
    ? ` Go on with it by --resume ${join(folder, fileNames.checkpoint)}, or give`
    : " Give";
  throw new UsageError(`--out ${folder} is not empty.${resumable} another folder.`);
}

/**
 * Makes the folder, before any work is done that could not be kept.
 * @throws UsageError when it can't be made.
 */
export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw new UsageError(
      `--out ${folder} can't be made: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
}

/** Local time as part of a name: 2026-01-31T23-59-59. */
function timestamp(now: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join("-");
  return `${date}T${[now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join("-")}`;
}

const codeOf = (error: unknown): unknown =>
  typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
