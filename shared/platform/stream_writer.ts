/** The part of an output stream of the process that is needed here. */
export interface SyncStream {
  writeSync(bytes: Uint8Array): number;
}

/**
 * A function that writes text to a stream of this process, all of it, before it returns; it answers whether it did.
 *
 * A reader that has gone away (`vigocli runs | head -1`) is no failure: what is left is dropped, the command goes on, and its
 * status says how it ended.
 */
export function createStreamWriter(stream: SyncStream): (text: string) => boolean {
  const encoder = new TextEncoder();
  let isAbandoned = false;
  return (text) => {
    const bytes = encoder.encode(text);
    try {
      for (let written = 0; written < bytes.length && !isAbandoned;) {
        written += stream.writeSync(bytes.subarray(written));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
      isAbandoned = true;
    }
    return !isAbandoned;
  };
}
