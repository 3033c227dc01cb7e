import { at } from "@adjoint/ir/values";
import {
  type Body,
  type Callee,
  type Local,
  type ModuleBuilder,
  type Value,
  call,
} from "../../emit/index.ts";

/** A function of the module that takes i32 values by name, so that no value can take another's position. */
export interface Procedure<Name extends string> {
  readonly names: readonly Name[];
  readonly callee: Callee<readonly "i32"[], "void">;
}

export function procedure<const Name extends string>(
  module: ModuleBuilder,
  names: readonly Name[],
  write: (body: Body, values: Readonly<Record<Name, Local<"i32">>>) => void,
): Procedure<Name> {
  const types = names.map(() => "i32" as const);
  const callee = module.function<readonly "i32"[], "void">(types, "void", (body, ...locals) => {
    const entries = names.map((name, index) => [name, at(locals, index)] as const);
    // The entries have every name.
    write(body, Object.fromEntries(entries) as Record<Name, Local<"i32">>);
  });
  return { names, callee };
}

/** The statement that calls a procedure. */
export function invoke<Name extends string>(
  body: Body,
  { names, callee }: Procedure<Name>,
  values: Readonly<Record<Name, Value<"i32">>>,
): void {
  body.run(call(callee, ...names.map((name) => values[name])));
}
