// What a worker does: it takes programs by message, then parts of their kernels. Plain JavaScript beside `src` and `dist`, so
// that both start the same file.

/**
 * @typedef {{ readonly kind: "start", readonly memory: WebAssembly.Memory, readonly thread: number,
 *   readonly control: { readonly [word: string]: number }, readonly work: string, readonly port?: unknown }
 *   | { readonly kind: "add", readonly module: WebAssembly.Module, readonly program: number }
 *   | { readonly kind: "remove", readonly program: number }} Message
 */

// Workers of Node talk through a port; all others through their global object.
const port = globalThis.process?.getBuiltinModule?.("node:worker_threads").parentPort ?? globalThis;
/** @type {Extract<Message, { readonly kind: "start" }>} */
let team;
/** @type {Int32Array} */
let words;
/** @type {{ readonly [word: string]: number }} */
let at;
let received = 0;
/** What takes parts of a program's kernels. @type {Map<number, (thread: number, program: number, messages: number) => number>} */
const works = new Map();

/** @param {Message} message */
function take(message) {
  if (message.kind === "start") {
    team = message;
    words = new Int32Array(team.memory.buffer);
    at = Object.fromEntries(Object.entries(team.control).map(([word, address]) => [word, address >> 2]));
  } else if (message.kind === "add") {
    // Only the owner waits for others.
    const imports = { memory: team.memory, now: () => 0, isLost: () => 0 };
    const { exports } = new WebAssembly.Instance(message.module, { adjoint: imports });
    works.set(message.program, exports[team.work]);
  } else works.delete(message.program);
  Atomics.store(words, at.received + team.thread, ++received);
}

/** Works until there is a message to read. */
function serve() {
  const { thread } = team;
  const isUnread = () => Atomics.load(words, at.messages) !== received;
  while (!isUnread()) {
    const program = Atomics.load(words, at.program);
    const work = works.get(program);
    const job = work?.(thread, program, received);
    const asleep = at.asleep + thread;
    Atomics.store(words, asleep, 1);
    // Who changes one of these words wakes only those that have said that they sleep.
    const isMissed =
      isUnread() ||
      Atomics.load(words, at.program) !== program ||
      (job !== undefined && Atomics.load(words, at.job) !== job);
    if (!isMissed) Atomics.wait(words, asleep, 1);
    Atomics.store(words, asleep, 0);
  }
}

/** @param {Message} message */
function receive(message) {
  take(message);
  if (Atomics.load(words, at.messages) !== received) return;
  try {
    serve();
  } catch (error) {
    // The owner may wait for what this worker has taken: it is told before the error is.
    Atomics.store(words, at.broken, 1);
    Atomics.notify(words, at.done);
    throw error;
  }
}

if (port === globalThis) port.addEventListener("message", ({ data }) => receive(data));
else port.on("message", receive);
