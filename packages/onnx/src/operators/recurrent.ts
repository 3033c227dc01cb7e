import type { Operator } from "./row.ts";

/** RNN, GRU, LSTM. */
export const recurrent: readonly Operator[] = [];
