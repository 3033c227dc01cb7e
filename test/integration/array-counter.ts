/**
 * Counts the typed arrays and buffers that are made, by whatever way. Import it before anything else: packages keep the
 * constructors that they find when they load.
 */
let made: string[] = [];

const constructors = [
  "ArrayBuffer",
  "SharedArrayBuffer",
  "DataView",
  "Float64Array",
  "Float32Array",
  "BigInt64Array",
  "BigUint64Array",
  "Int32Array",
  "Int16Array",
  "Int8Array",
  "Uint32Array",
  "Uint16Array",
  "Uint8Array",
  "Uint8ClampedArray",
] as const;

/** Methods that make an array without a constructor of the program's own. */
const methods = ["slice", "subarray", "map", "filter", "toReversed", "toSorted", "with"] as const;

type Method = (...parameters: unknown[]) => unknown;

/** Puts a method in the place of a prototype's own, if it has one. */
function replace(prototype: object, name: string): void {
  const own: unknown = Object.getOwnPropertyDescriptor(prototype, name)?.value;
  if (typeof own !== "function") return;
  // The function found is a method of the prototype; it is called as one.
  const original = own as Method;
  Object.defineProperty(prototype, name, {
    configurable: true,
    writable: true,
    value(this: unknown, ...parameters: unknown[]) {
      made.push(name);
      return original.apply(this, parameters);
    },
  });
}

for (const name of constructors) {
  const original = globalThis[name];
  const counting: object = new Proxy(original, {
    construct: (target, parameters: unknown[], newTarget): object => {
      made.push(name);
      // A subclass is its own new target.
      return Reflect.construct(target, parameters, newTarget === counting ? target : newTarget) as object;
    },
  });
  Object.defineProperty(globalThis, name, { configurable: true, writable: true, value: counting });
}
const typedArray: unknown = Object.getPrototypeOf(Uint8Array.prototype);
if (typeof typedArray === "object" && typedArray !== null)
  for (const name of methods) replace(typedArray, name);
for (const name of ["slice", "transfer", "resize"]) replace(ArrayBuffer.prototype, name);

/** The arrays made since the last call, in order. */
export function arraysMade(): readonly string[] {
  const result = made;
  made = [];
  return result;
}
