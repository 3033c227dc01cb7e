/**
 * The value of a record under a name that comes from outside, without what all objects inherit, such as `constructor`.
 * Records with such names are made by `Object.fromEntries`, which also makes `__proto__` a name as any other.
 */
export const own = <T>(record: { readonly [name: string]: T }, name: string): T | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined;
