/**
 * What was kept of one output stream, byte for byte: its beginning and, if it was longer than what is kept, its end. Between
 * the two lie `droppedBytes` that were not kept.
 */
export interface CapturedOutput {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
  readonly droppedBytes: number;
}

/** A stream to which nothing was written. */
export const NO_OUTPUT: CapturedOutput = {
  head: new Uint8Array(),
  tail: new Uint8Array(),
  droppedBytes: 0,
};

/** The output as one piece, the cut marked by a line of its own. */
export function joinOutput({ head, tail, droppedBytes }: CapturedOutput): Uint8Array<ArrayBuffer> {
  const mark = new TextEncoder().encode(
    droppedBytes === 0 ? "" : `\n… ${droppedBytes} bytes left out …\n`,
  );
  const whole = new Uint8Array(head.length + mark.length + tail.length);
  whole.set(head);
  whole.set(mark, head.length);
  whole.set(tail, head.length + mark.length);
  return whole;
}

/** Bytes that were kept. */
export function keptBytes({ head, tail }: CapturedOutput): number {
  return head.length + tail.length;
}

/** Shortens what was kept to its first and last bytes; what goes counts as dropped. */
export function shortenOutput(output: CapturedOutput, maxBytes: number): CapturedOutput {
  const kept = keptBytes(output);
  if (kept <= maxBytes) return output;
  const half = Math.floor(maxBytes / 2);
  const { head, tail, droppedBytes } = output;
  const end = tail.length > 0 ? tail : head.subarray(Math.min(half, head.length));
  const shortHead = head.slice(0, half);
  const shortTail = end.slice(Math.max(0, end.length - half));
  return {
    head: shortHead,
    tail: shortTail,
    droppedBytes: droppedBytes + kept - shortHead.length - shortTail.length,
  };
}
