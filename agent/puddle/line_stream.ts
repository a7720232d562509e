/** Somebody sends a line that is longer than it may be. */
export class LineTooLongError extends RangeError {
  override readonly name = "LineTooLongError";

  constructor(readonly maxBytes: number) {
    super(`Cannot read a line of more than ${maxBytes} bytes`);
  }
}

/**
 * The lines of a byte stream, without their line feeds. What follows the last line feed is dropped.
 *
 * @throws {LineTooLongError} if a line has more than `maxBytes`.
 */
export async function* readLines(
  stream: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let pieces: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      const line = join([...pieces, chunk.subarray(start, end)], held + end - start);
      if (line.length > maxBytes) throw new LineTooLongError(maxBytes);
      pieces = [];
      held = 0;
      start = end + 1;
      yield decoder.decode(line);
    }
    pieces.push(chunk.slice(start));
    held += chunk.length - start;
    if (held > maxBytes) throw new LineTooLongError(maxBytes);
  }
}

function join(pieces: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const line = new Uint8Array(sizeBytes);
  let at = 0;
  for (const piece of pieces) {
    line.set(piece, at);
    at += piece.length;
  }
  return line;
}
