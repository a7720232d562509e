import { MAX_SCAN_REQUEST_BYTES } from "./scan_request.ts";
import { serveScan } from "./serve_scan.ts";

/**
 * `vigo _user-scan`: what the daemon starts, as a user, to look into that user's home. Reads one request from standard input
 * and writes lines of JSON; a failure is one line on standard error.
 *
 * @returns the status to end with.
 */
export async function runUserScan(): Promise<0 | 1> {
  try {
    await serveScan(await readRequest(), writeLine);
    return 0;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    await writeAll(Deno.stderr, `error: ${reason.replaceAll("\n", " ")}\n`);
    return 1;
  }
}

async function readRequest(): Promise<string> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let sizeBytes = 0;
  for await (const part of Deno.stdin.readable) {
    sizeBytes += part.length;
    if (sizeBytes > MAX_SCAN_REQUEST_BYTES) {
      throw new RangeError(`A request has at most ${MAX_SCAN_REQUEST_BYTES} bytes`);
    }
    parts.push(part);
  }
  return await new Blob(parts).text();
}

/** Waits until the line has gone: a reader that is slow keeps nothing in memory here. */
function writeLine(line: object): Promise<void> {
  return writeAll(Deno.stdout, `${JSON.stringify(line)}\n`);
}

async function writeAll(
  to: { write(bytes: Uint8Array): Promise<number> },
  text: string,
): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) {
    written += await to.write(bytes.subarray(written));
  }
}
