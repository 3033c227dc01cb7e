import { parseArgs } from "node:util";
import { safeParse } from "@adjoint/ir/schema";
import { backends, defaultBackend } from "./backends.ts";
import { models } from "./models.ts";
import { optimizers } from "./optimizers.ts";
import { DEFAULT_SEED, type Given, optionSchemas } from "./settings.ts";
import { UsageError } from "./usage-error.ts";

interface Option {
  /** Its name in the program. */
  readonly key: keyof typeof optionSchemas;
  /** The word for its value in the help. */
  readonly value: string;
  readonly help: string;
  readonly numeric?: boolean;
}

const rates = Object.entries(optimizers).map(([name, { learningRate }]) => `${name} ${learningRate}`);

/** Every option with a value, as it is written. */
const options: { readonly [flag: string]: Option } = {
  model: {
    key: "model",
    value: "NAME",
    help: `what to train, mlp by default: ${Object.entries(models)
      .map(([name, { about }]) => `${name} (${about})`)
      .join(", ")}`,
  },
  epochs: { key: "epochs", value: "N", numeric: true, help: "passes over the data, 2 by default" },
  "batch-size": { key: "batchSize", value: "N", numeric: true, help: "examples of a step, 100 by default" },
  "learning-rate": {
    key: "learningRate",
    value: "RATE",
    numeric: true,
    help: `by default what suits the optimizer: ${rates.join(", ")}`,
  },
  optimizer: {
    key: "optimizer",
    value: "NAME",
    help: `${Object.keys(optimizers).join(", ")}; adam by default`,
  },
  backend: {
    key: "backend",
    value: "NAME",
    help: `what computes: ${Object.keys(backends).join(", ")}; ${defaultBackend} by default`,
  },
  seed: {
    key: "seed",
    value: "N",
    numeric: true,
    help: `of weights and shuffling, ${DEFAULT_SEED} by default; the same seed gives the same weights`,
  },
  limit: {
    key: "limit",
    value: "N",
    numeric: true,
    help: "use the first N training and the first N test images; all by default",
  },
  out: { key: "out", value: "FOLDER", help: "where the results go, runs/<model>-<time> by default" },
  "checkpoint-every": {
    key: "checkpointEvery",
    value: "N",
    numeric: true,
    help: "steps from one checkpoint to the next, besides one after each epoch",
  },
  resume: {
    key: "resume",
    value: "FILE",
    help: "go on from a checkpoint, with its settings; --epochs may be another",
  },
};
const flags = {
  json: "print JSON, a line an event, and a summary as the last",
  help: "print this",
};

/** The name of an option as the user writes it. */
export const flagOf = (key: string): string =>
  `--${Object.entries(options).find(([, option]) => option.key === key)?.[0] ?? key}`;

/** The text of `--help`. @param command the command that starts the program, up to its options. */
export function helpText(command: string): string {
  const rows = [
    ...Object.entries(options).map(([flag, { value, help }]) => [`--${flag} ${value}`, help]),
    ...Object.entries(flags).map(([flag, help]) => [`--${flag}`, help]),
  ];
  const width = Math.max(...rows.map(([left = ""]) => left.length)) + 2;
  const lines = rows.flatMap(([left = "", help = ""]) =>
    wrapped(help, 98 - width).map((line, index) => `  ${(index === 0 ? left : "").padEnd(width)}${line}`),
  );
  return [
    `${command} [options]`,
    "",
    "Trains a network on the MNIST digits. It leaves the weights, the model, the history, plots and a",
    "checkpoint in a folder of their own. Ctrl-C ends it with a checkpoint.",
    "",
    ...lines,
    "",
  ].join("\n");
}

function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/**
 * Reads the command line.
 * @throws UsageError that names each option that is wrong and what is allowed.
 */
export function parseOptions(argv: readonly string[]): Given & { readonly help: boolean } {
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    tokens: true,
    options: Object.fromEntries([
      ...Object.keys(options).map((flag) => [flag, { type: "string" as const }]),
      ...Object.keys(flags).map((flag) => [flag, { type: "boolean" as const }]),
    ]),
  });
  const problems: string[] = [];
  const given: { [key: string]: unknown } = {};
  // The word after an option that is unknown or lacks its value may belong to it.
  let doubtful = false;
  for (const token of tokens) {
    if (token.kind === "positional" && !doubtful)
      problems.push(`"${token.value}" is no option: options begin with --`);
    if (token.kind !== "option") continue;
    doubtful = false;
    const { name, value, rawName } = token;
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (Object.hasOwn(flags, name)) {
      if (value === undefined) given[name] = true;
      else problems.push(`${rawName} takes no value, and was given "${value}"`);
    } else if (option === undefined) {
      doubtful = true;
      problems.push(
        `unknown option ${rawName}. Options are ${[...Object.keys(options), ...Object.keys(flags)].map((flag) => `--${flag}`).join(", ")}`,
      );
    } else if (value === undefined || (token.inlineValue === false && value.startsWith("--"))) {
      doubtful = true;
      problems.push(`${rawName} needs a value: ${rawName} ${option.value}`);
    } else {
      const parsed = safeParse(optionSchemas[option.key], option.numeric === true ? numberOf(value) : value);
      if (parsed.success) given[option.key] = parsed.data;
      else problems.push(`${rawName} ${parsed.issues[0]?.message ?? "is wrong"}, and is "${value}"`);
    }
  }
  if (problems.length > 0) throw new UsageError(problems.join("\n"));
  // The schemas gave each key the type that it has in Given.
  return { help: false, ...given } as Given & { readonly help: boolean };
}

/** A number as people write it; NaN for any other text, also for the empty one and hexadecimal. */
const numberOf = (text: string): number =>
  /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
