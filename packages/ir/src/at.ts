/**
 * The element of a list that must have it: a mistake in an index is an error, and never another element. Outside loops over
 * elements, for lists of any kind.
 * @param index negative from the end.
 * @throws RangeError where there is none.
 */
export function at<T>(list: { readonly length: number; readonly [index: number]: T }, index: number): T {
  const element = list[index < 0 ? list.length + index : index];
  if (element === undefined) throw new RangeError(`no element ${index} in a list of ${list.length}`);
  return element;
}
