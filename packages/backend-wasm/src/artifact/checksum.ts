/*
 * CRC-32C: every change of up to 32 neighbouring bits, and of any three bits of a file below 256 MB, gives another sum; of
 * all other changes one in 2³² passes. It tells damage, not intent: who changes a file can change its sum.
 * Source: Castagnoli, Bräuer and Herrmann, "Optimization of cyclic redundancy-check codes with 24 and 32 parity bits" (1993).
 */

/** The polynomial, its bits turned round. */
const POLYNOMIAL = 0x82f63b78;

/** The remainder that each byte adds to the sum. */
const table: Int32Array = Int32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? POLYNOMIAL : 0);
  return sum;
});

/** The checksum of bytes, from 0 to 2³² − 1. */
export function checksum(bytes: Uint8Array): number {
  let sum = -1;
  for (let at = 0; at < bytes.length; at++) sum = (sum >>> 8) ^ (table[(sum ^ (bytes[at] ?? 0)) & 255] ?? 0);
  return ~sum >>> 0;
}
