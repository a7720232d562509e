import { MAX_BATCH_MESSAGES } from "./pending.ts";

/** Most bytes of bodies in one durable step: as JSON they have at most six times as many. */
const MAX_BATCH_BODY_BYTES = 8 * 1024 * 1024;
/** How long lines wait for others to be posted with, in ms: whoever writes them one by one wants each posted. */
const QUIET_MS = 100;
const QUIET = Symbol("quiet");
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
 *
 * Lines that have come do not wait for a batch to be full: when the stream is quiet, they are one.
 */
export async function* readBatches(
  stream: AsyncIterable<Uint8Array>,
  maxLineBytes: number,
): AsyncGenerator<Batch> {
  let lines: Uint8Array[] = [], sizeBytes = 0, firstLine = 1;
  const take = (): Batch => {
    const batch = { firstLine, lines };
    firstLine += lines.length;
    lines = [];
    sizeBytes = 0;
    return batch;
  };
  const pieces = cutPieces(stream, maxLineBytes);
  let coming = nextOf(pieces);
  try {
    for (;;) {
      const came = await (lines.length > 0 ? orQuiet(coming) : coming);
      if (came === QUIET) {
        yield take();
        continue;
      }
      if (came.done) break;
      coming = nextOf(pieces);
      for (const line of came.value) {
        if (lines.length > 0 && sizeBytes + line.length > MAX_BATCH_BODY_BYTES) yield take();
        lines.push(line);
        sizeBytes += line.length;
        if (lines.length === MAX_BATCH_MESSAGES) yield take();
      }
    }
    if (lines.length > 0) yield take();
  } finally {
    // Not awaited: a stream may never say anything again.
    pieces.return(undefined).catch(() => {});
  }
}

/** Asks for the next piece now; a failure is told to whoever awaits it, and to nobody else. */
function nextOf<T>(pieces: AsyncIterator<T>): Promise<IteratorResult<T>> {
  const next = pieces.next();
  next.catch(() => {});
  return next;
}

async function orQuiet<T>(coming: Promise<T>): Promise<T | typeof QUIET> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const quiet = new Promise<typeof QUIET>((resolve) => {
    timer = setTimeout(() => resolve(QUIET), QUIET_MS);
  });
  try {
    return await Promise.race([coming, quiet]);
  } finally {
    clearTimeout(timer);
  }
}

/** The lines that end in each piece of a stream. */
async function* cutPieces(
  stream: AsyncIterable<Uint8Array>,
  maxLineBytes: number,
): AsyncGenerator<Uint8Array[]> {
  let rest = new Uint8Array();
  for await (const piece of stream) {
    const lines: Uint8Array[] = [];
    let data = join(rest, piece);
    for (let end = data.indexOf(LINE_FEED); end !== -1; end = data.indexOf(LINE_FEED)) {
      lines.push(data.slice(0, end));
      data = data.subarray(end + 1);
    }
    rest = data.slice();
    yield lines;
    if (rest.length > maxLineBytes) break;
  }
  if (rest.length > 0) yield [rest.subarray(0, maxLineBytes + 1)];
}

function join(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
