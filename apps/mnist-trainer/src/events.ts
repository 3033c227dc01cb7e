import type { EpochRecord, ProgressReport } from "@adjoint/trainer";
import type { Settings } from "./settings.ts";

/** The first event: the network, the data and the settings. */
export interface Beginning {
  readonly settings: Settings;
  readonly backend: string;
  readonly folder: string;
  readonly trainingImages: number;
  readonly testImages: number;
  /** Numbers that are learned. */
  readonly parameters: number;
  /** Steps that a resumed run had done. */
  readonly stepsDone: number;
}

/** The last event: the result. */
export interface Ending {
  readonly outcome: "finished" | "stopped" | "failed";
  /** Why it was not finished. */
  readonly reason?: string | undefined;
  readonly folder: string;
  /** Paths of what was written, by what it is. */
  readonly files: { readonly [what: string]: string };
  /** Epochs finished. */
  readonly epochs: number;
  /** Steps done, in this run and those before. */
  readonly step: number;
  /** On the test images, in %, after the last epoch. */
  readonly accuracy?: number | undefined;
  readonly loss?: number | undefined;
  readonly seconds: number;
}

/** Tells the user what happens. */
export interface Reporter {
  /** Steps of an epoch from one report to the next. */
  readonly every: number;
  begin(beginning: Beginning): void;
  step(at: ProgressReport): void;
  epoch(record: EpochRecord, beginning: Beginning): void;
  end(ending: Ending): void;
}

/** The share of test images that were told right, in %. */
export const percentOf = (record: EpochRecord | undefined): number | undefined => {
  const accuracy = record?.validation?.metrics["accuracy"];
  return accuracy === undefined ? undefined : accuracy * 100;
};
