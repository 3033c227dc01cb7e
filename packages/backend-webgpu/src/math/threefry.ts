const ROUNDS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

const keys = ["k0", "k1", "k2"] as const;

/** Twenty rounds, four to a key injection. */
function rounds(): string {
  const lines: string[] = [];
  for (let group = 1; group <= 5; group++) {
    for (const rotation of ROUNDS[(group - 1) % 2 === 0 ? 0 : 1]) {
      lines.push(`  x0 = x0 + x1;`, `  x1 = ((x1 << ${rotation}u) | (x1 >> ${32 - rotation}u)) ^ x0;`);
    }
    lines.push(`  x0 = x0 + ${keys[group % 3]};`, `  x1 = x1 + ${keys[(group + 1) % 3]} + ${group}u;`);
  }
  return lines.join("\n");
}

/** The first word of Threefry-2x32-20 (Salmon, Moraes, Dror, Shaw, SC 2011), the same bits as on every backend. */
export const threefry: { readonly randomWord: string } = {
  randomWord: `fn randomWord(k0: u32, k1: u32, counter: u32) -> u32 {
  let k2 = 0x1bd11bdau ^ k0 ^ k1;
  var x0 = counter + k0;
  var x1 = k1;
${rounds()}
  return x0;
}`,
};
