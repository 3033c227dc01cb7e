/** A list is shorter than what reads it expects. */
export class MissingElement extends RangeError {
  override readonly name = "MissingElement";
}

/**
 * The element of a list at an index that must exist, so that a wrong index is an error and never another element. For use
 * outside loops over elements.
 * @param index negative from the end.
 * @throws MissingElement if there is none.
 */
export function at<T>(list: { readonly length: number; readonly [index: number]: T }, index: number): T {
  const element = list[index < 0 ? list.length + index : index];
  if (element === undefined) throw new MissingElement(`no element ${index} in a list of ${list.length}`);
  return element;
}
