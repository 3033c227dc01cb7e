import { vi } from "vitest";
import { Pace } from "../src/threads/pace.ts";

export const until = async (isDone: () => boolean): Promise<void> => {
  while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 1));
};

/** All threads are offered every job, on machines of few processors too. */
export const allTakePart = (): void =>
  void vi.spyOn(Pace.prototype, "threads").mockImplementation(() => 2 + (turn++ % 8));
let turn = 0;
