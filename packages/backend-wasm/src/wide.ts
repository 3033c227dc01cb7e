let isOn = false;

/** True if kernels are laid out for an engine that joins pairs of 128-bit operations. */
export const hasWideVectors = (): boolean => isOn;

/** For the whole process, like the engine's own setting. */
export function layOutForWideVectors(): void {
  isOn = true;
}
