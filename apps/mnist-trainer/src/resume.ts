import { AdjointError } from "@adjoint/ir";
import type { Checkpoint } from "@adjoint/trainer";
import { loadCheckpoint } from "@adjoint/trainer/node";
import { safeParse } from "@adjoint/ir/schema";
import { flagOf } from "./options.ts";
import { type Given, type Settings, settingsSchema } from "./settings.ts";
import { UsageError } from "./usage-error.ts";

/** Under what the settings of a run are kept in its checkpoints. */
const NOTE = "mnist-trainer settings";

/** The note that lets a checkpoint be resumed without saying everything again. */
export const notesOf = (settings: Settings): { readonly [key: string]: string } => ({
  [NOTE]: JSON.stringify(settings),
});

/**
 * A checkpoint and the settings of the run that made it, with the epochs that are asked for now.
 * @throws UsageError when the file is not a checkpoint of this program, or an option contradicts it.
 */
export async function readResumed(
  path: string,
  given: Given,
): Promise<{ readonly checkpoint: Checkpoint; readonly settings: Settings }> {
  const checkpoint = await loadCheckpoint(path).catch((error: unknown) => {
    if (error instanceof AdjointError) throw new UsageError(`--resume ${error.message}`);
    throw error;
  });
  const saved = safeParse(settingsSchema, parsed(checkpoint.notes[NOTE]));
  if (!saved.success) throw new UsageError(`--resume ${path}: the checkpoint was not made by this program`);
  const { epochs, ...fixed } = saved.data;
  const problems = Object.entries(fixed).flatMap(([key, value]) => {
    const now = Object.entries(given).find(([option]) => option === key)?.[1];
    return now === undefined || now === value
      ? []
      : [`${flagOf(key)} is ${now}, and the run to go on with has ${value}`];
  });
  if (given.limit !== undefined && fixed.limit === undefined)
    problems.push(`--limit is ${given.limit}, and the run to go on with has none`);
  if (problems.length > 0)
    throw new UsageError(`${problems.join("\n")}\nLeave it out, or begin another run without --resume.`);
  const settings = { ...saved.data, epochs: given.epochs ?? epochs };
  const { epoch, batch } = checkpoint.progress;
  const begun = epoch + (batch > 0 ? 1 : 0);
  if (settings.epochs < begun) {
    throw new UsageError(
      `--epochs is ${settings.epochs}, and the run to go on with is in epoch ${begun}. Give the epochs in all`,
    );
  }
  return { checkpoint, settings };
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return undefined;
  }
}
