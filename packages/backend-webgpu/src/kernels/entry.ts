import { CONTROL } from "./context.ts";

const INDICES = "@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32";

/** The built-in values of an entry point. */
export const parameters = (usesSubgroup: boolean): string =>
  usesSubgroup ? `${INDICES}, @builtin(subgroup_invocation_id) subgroupIndex: u32` : INDICES;

/** A zero that only a run knows: the grid has one workgroup along its third axis. */
export const NOTHING = { declaration: "var<private> nothing: u32;", entry: "nothing = workgroup.z;" };

/** An index that data decided; the first that lies outside its axis is noted. */
export const CHECKED: string = `fn checked(position: i32, size: i32, site: u32) -> i32 {
  if (position >= 0i && position < size) { return position; }
  if (live && atomicAdd(&control[${CONTROL.failures}], 1u) == 0u) {
    atomicStore(&control[${CONTROL.site}], site);
    atomicStore(&control[${CONTROL.index}], bitcast<u32>(position));
  }
  return 0i;
}`;
