import { forbidCoreDumps, LOCAL_CORE_DUMP_SYSTEM } from "../runtime/forbid_core_dumps.ts";
import { loadSeed, SEED_BYTES } from "./seed_signer.ts";
import { SessionHelper } from "./session_helper.ts";
import { SESSION_READY, sessionStartSchema } from "./start_session.ts";

/** More than a seed and what a session is told. */
const MAX_INPUT_BYTES = 64 * 1024;

/**
 * The helper of a session: reads a seed and its orders from `input`, says that it listens, and runs until the session ends.
 *
 * @throws {Error} if it cannot listen.
 */
export async function runSession(
  input: ReadableStream<Uint8Array>,
  say: (line: string) => void,
): Promise<void> {
  const bytes = await readInput(input);
  const seed = bytes.subarray(0, SEED_BYTES);
  const start = sessionStartSchema.parse(
    JSON.parse(new TextDecoder().decode(bytes.subarray(SEED_BYTES))),
  );
  const signer = loadSeed(seed);
  bytes.fill(0);
  // Where the kernel hands cores to a program the shell's limit says nothing. It is no reason to have no session.
  await forbidCoreDumps(Deno.pid, LOCAL_CORE_DUMP_SYSTEM);
  const end = new AbortController();
  const stop = () => end.abort();
  const signals: readonly Deno.Signal[] = ["SIGTERM", "SIGINT", "SIGHUP"];
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  try {
    const helper = await SessionHelper.listen({
      ...start,
      signer,
      nowMs: () => Date.now(),
      signal: end.signal,
    });
    say(SESSION_READY);
    await helper.ended;
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, stop);
  }
}

async function readInput(input: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const all = new Uint8Array(MAX_INPUT_BYTES);
  let length = 0;
  for await (const chunk of input) {
    if (length + chunk.length > all.length) throw new RangeError("Cannot start: too much input");
    all.set(chunk, length);
    chunk.fill(0);
    length += chunk.length;
  }
  return all.subarray(0, length);
}
