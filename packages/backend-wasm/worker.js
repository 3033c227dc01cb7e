// What a worker does: it takes programs by message, then runs its share of every step. Plain JavaScript beside `src` and
// `dist`, so that both start the same file.

/**
 * @typedef {{ readonly kind: "start", readonly memory: WebAssembly.Memory, readonly thread: number, readonly threads: number,
 *   readonly control: { readonly [word: string]: number } }
 *   | { readonly kind: "add", readonly module: WebAssembly.Module, readonly first: number, readonly names: readonly string[] }
 *   | { readonly kind: "remove", readonly first: number, readonly count: number }} Message
 */

/** Looks at the word before the worker goes to sleep: about a millisecond, so that the next step finds it awake. */
const SPINS = 500_000;

// Workers of Node talk through a port; all others through their global object.
const port = globalThis.process?.getBuiltinModule?.("node:worker_threads").parentPort ?? globalThis;
/** @type {WebAssembly.Memory} */
let memory;
/** @type {Int32Array} */
let words;
/** @type {{ readonly [word: string]: number }} */
let at;
let [thread, threads, received, steps] = [0, 1, 0, 0];
/** Functions by number. @type {Map<number, (thread: number, threads: number) => number>} */
const codes = new Map();

/** @param {Message} message */
function take(message) {
  if (message.kind === "start") {
    ({ memory, thread, threads } = message);
    words = new Int32Array(memory.buffer);
    at = Object.fromEntries(Object.entries(message.control).map(([word, address]) => [word, address >> 2]));
    steps = Atomics.load(words, at.steps);
  } else if (message.kind === "add") {
    const instance = new WebAssembly.Instance(message.module, {
      adjoint: { memory, now: () => performance.now() },
    });
    message.names.forEach((name, index) => codes.set(message.first + index, instance.exports[name]));
  } else {
    for (let index = 0; index < message.count; index++) codes.delete(message.first + index);
  }
  Atomics.store(words, at.received + thread, ++received);
}

/** Runs steps until there is a message to read. */
function serve() {
  for (;;) {
    const events = Atomics.load(words, at.events);
    if (Atomics.load(words, at.steps) !== steps) {
      steps++;
      codes.get(Atomics.load(words, at.code))(thread, threads);
    } else if (Atomics.load(words, at.messages) !== received) return;
    else sleep(events);
  }
}

/** @param {number} events */
function sleep(events) {
  for (let spins = 0; spins < SPINS; spins++) if (Atomics.load(words, at.events) !== events) return;
  Atomics.add(words, at.sleepers, 1);
  Atomics.wait(words, at.events, events);
  Atomics.sub(words, at.sleepers, 1);
}

/** @param {Message} message */
function receive(message) {
  try {
    take(message);
    if (Atomics.load(words, at.messages) === received) serve();
  } catch (error) {
    // Whoever waits for this worker is told before the error is.
    Atomics.store(words, at.broken, 1);
    Atomics.add(words, at.turn, 1);
    Atomics.notify(words, at.turn);
    throw error;
  }
}

if (port === globalThis) port.addEventListener("message", ({ data }) => receive(data));
else port.on("message", receive);
