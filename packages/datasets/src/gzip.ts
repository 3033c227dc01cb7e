import { DatasetError } from "./error.ts";

/** DEFLATE writes at most 1,032 bytes for one that it reads (a match of 258 bytes in two bits). */
const largestExpansion = 1032;

/** Compressed bytes that are handed over at a time, so that reading stops soon after there is too much. */
const step = 16_384;

/** Whether `bytes` begin as a gzip file does (RFC 1952, section 2.3.1). */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** The size that the decompressed data can't exceed. */
export function largestSize(compressed: Uint8Array): number {
  return compressed.length * largestExpansion;
}

/**
 * The decompressed data in pieces, by the platform's `DecompressionStream`.
 *
 * @throws DatasetError `bad-gzip` when the stream is damaged or ends early; its offset is the number of compressed
 * bytes read until then, which is at most 16 KiB past the damage.
 */
export async function* inflate(compressed: Uint8Array, file?: string): AsyncGenerator<Uint8Array, undefined> {
  let position = 0;
  const input = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (position >= compressed.length) {
        controller.close();
        return;
      }
      controller.enqueue(compressed.slice(position, position + step));
      position = Math.min(position + step, compressed.length);
    },
  });
  const reader = input.pipeThrough(new DecompressionStream("gzip")).getReader();
  try {
    for (;;) {
      // The stream's own error says little ("unexpected end of file", or nothing at all in some browsers).
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw new DatasetError(
          "bad-gzip",
          "gzip",
          `the gzip data are damaged or cut off; ${compressed.length} compressed bytes were given. Get the file again.`,
          { file, offset: position, cause },
        );
      });
      if (done) return;
      yield value;
    }
  } finally {
    // Also when the consumer has had enough; a stream that failed has nothing left to cancel.
    await reader.cancel().catch(() => undefined);
  }
}
