import type { Backend, CompiledProgram } from "@adjoint/compiler";
import type { State } from "@adjoint/ir";
import { type TensorValue, type TypedArray, dtypeInfo } from "@adjoint/ir/values";

interface StubOptions {
  /** Waits this many turns of the event loop's microtasks in each run. */
  readonly turns?: number;
  /** Throws from these calls. */
  readonly fails?: (call: "open" | "writeState" | "compile" | "run") => boolean;
  /** Milliseconds of each kernel and run, where the session profiles. */
  readonly milliseconds?: number;
}

interface StubBackend extends Backend {
  /** The requests of a session, in order. */
  readonly events: string[];
  readonly programs: CompiledProgram[];
  /** The feeds of each run. */
  readonly fed: (readonly TypedArray[])[];
}

/**
 * A backend without kernels: it keeps registers, notes what is asked of it, and answers every run with one array an output,
 * whose elements are the number of the run. The arrays are the same from run to run, as a device's memory is.
 */
export function stub({ turns = 0, fails = () => false, milliseconds = 0 }: StubOptions = {}): StubBackend {
  const events: string[] = [];
  const programs: CompiledProgram[] = [];
  const fed: (readonly TypedArray[])[] = [];
  const call = (name: "open" | "writeState" | "compile" | "run"): Promise<void> =>
    fails(name) ? Promise.reject(new Error(`${name} failed`)) : Promise.resolve();
  return {
    name: "stub",
    events,
    programs,
    fed,
    [Symbol.dispose]: () => undefined,
    open: async () => {
      await call("open");
      const registers: { [name: string]: TensorValue } = {};
      return {
        writeState: async (state: State) => {
          await call("writeState");
          events.push(`write ${Object.keys(state).join()}`);
          for (const [name, value] of Object.entries(state))
            registers[name] = { ...value, data: value.data.slice() };
        },
        readState: (names) => {
          events.push(`read ${names.join()}`);
          return Promise.resolve(
            Object.fromEntries(
              names.flatMap((name) => (registers[name] === undefined ? [] : [[name, registers[name]]])),
            ),
          );
        },
        compile: async (program, { profile }) => {
          await call("compile");
          const number = programs.push(program);
          events.push(`compile ${number}`);
          const outputs = program.outputs.map(
            ({ dtype, shape }) => new dtypeInfo[dtype].array(shape.reduce((a, b) => a * b, 1)),
          );
          let runs = 0;
          return {
            workspaceBytes: 64,
            get profile() {
              return { runs, kernels: profile ? program.kernels.map(() => runs * milliseconds) : [] };
            },
            run: async (feeds) => {
              events.push(`start ${number}`);
              for (let turn = 0; turn < turns; turn++) await Promise.resolve();
              await call("run");
              fed.push(feeds);
              runs++;
              for (const output of outputs) output.fill(elementOf(output, runs) as never);
              events.push(`end ${number}`);
              return outputs;
            },
            [Symbol.asyncDispose]: () => {
              events.push(`dispose ${number}`);
              return Promise.resolve();
            },
          };
        },
        [Symbol.asyncDispose]: () => {
          events.push("dispose device");
          return Promise.resolve();
        },
      };
    },
  };
}

const elementOf = (array: TypedArray, value: number): number | bigint =>
  array instanceof BigInt64Array || array instanceof BigUint64Array ? BigInt(value) : value;
