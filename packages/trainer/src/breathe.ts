/** The time that a loop may keep signals, timers and the page waiting, in milliseconds. */
const LONGEST = 50;

/**
 * Lets the event loop turn where it hasn't for a while: a backend that computes at once never does by itself, and then no
 * signal or click would be heard.
 */
export function breather(): () => Promise<void> | undefined {
  let last = performance.now();
  return () => {
    if (performance.now() - last < LONGEST) return undefined;
    return new Promise<void>((resolve) => setTimeout(resolve)).then(() => {
      last = performance.now();
      return undefined;
    });
  };
}
