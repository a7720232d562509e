import { MAX_BATCH_MESSAGES } from "./pending.ts";

/** Most bytes of bodies in one durable step: as JSON they have at most six times as many. */
const MAX_BATCH_BODY_BYTES = 8 * 1024 * 1024;
const LINE_FEED = 0x0a;

/** Lines that are posted in one step. */
export interface Batch {
  /** The number of the first of them in the input, from 1. */
  readonly firstLine: number;
  /** Without their line feeds. */
  readonly lines: readonly Uint8Array[];
}

/**
 * Cuts a stream into lines, and these into batches. The last line need not end in a line feed. A line that is longer than
 * `maxLineBytes` ends the stream, cut off after one byte too many, for whoever checks sizes to refuse.
 */
export async function* readBatches(
  stream: AsyncIterable<Uint8Array>,
  maxLineBytes: number,
): AsyncGenerator<Batch> {
  let lines: Uint8Array[] = [], sizeBytes = 0, firstLine = 1;
  for await (const line of readLines(stream, maxLineBytes)) {
    if (lines.length > 0 && sizeBytes + line.length > MAX_BATCH_BODY_BYTES) {
      yield { firstLine, lines };
      firstLine += lines.length;
      lines = [];
      sizeBytes = 0;
    }
    lines.push(line);
    sizeBytes += line.length;
    if (lines.length < MAX_BATCH_MESSAGES) continue;
    yield { firstLine, lines };
    firstLine += lines.length;
    lines = [];
    sizeBytes = 0;
  }
  if (lines.length > 0) yield { firstLine, lines };
}

async function* readLines(
  stream: AsyncIterable<Uint8Array>,
  maxLineBytes: number,
): AsyncGenerator<Uint8Array> {
  let rest = new Uint8Array();
  for await (const piece of stream) {
    let data = join(rest, piece);
    for (let end = data.indexOf(LINE_FEED); end !== -1; end = data.indexOf(LINE_FEED)) {
      yield data.slice(0, end);
      data = data.subarray(end + 1);
    }
    rest = data.slice();
    if (rest.length > maxLineBytes) break;
  }
  if (rest.length > 0) yield rest.subarray(0, maxLineBytes + 1);
}

function join(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
