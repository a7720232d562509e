import { Buffer } from "node:buffer";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { TaskResult } from "../../shared/proto/agent.ts";
import { type CapturedOutput, NO_OUTPUT } from "../../shared/tasks/captured_output.ts";
import type { TargetOutput } from "./task_store.ts";

const compress = promisify<Uint8Array, Uint8Array>(gzip);
const decompress = promisify<Uint8Array, { maxOutputLength: number }, Uint8Array>(gunzip);

/** Most bytes that two kept streams unpack to. */
const MAX_UNPACKED_BYTES = 4 * 1024 * 1024;

/** Output as a column holds it: the two streams of a result message, compressed. */
export async function packOutput({ stdout, stderr }: TargetOutput): Promise<Uint8Array> {
  const message = TaskResult.fromPartial({ stdout: toMessage(stdout), stderr: toMessage(stderr) });
  return await compress(TaskResult.encode(message).finish());
}

/** @throws {Error} if the column was damaged. */
export async function unpackOutput(bytes: Uint8Array): Promise<TargetOutput> {
  const { stdout, stderr } = TaskResult.decode(
    await decompress(bytes, { maxOutputLength: MAX_UNPACKED_BYTES }),
  );
  return { stdout: readStream(stdout), stderr: readStream(stderr) };
}

function toMessage({ head, tail, droppedBytes }: CapturedOutput) {
  return { head: Buffer.from(head), tail: Buffer.from(tail), droppedBytes };
}

function readStream(stream: CapturedOutput | undefined): CapturedOutput {
  if (stream === undefined) return NO_OUTPUT;
  const { head, tail, droppedBytes } = stream;
  return { head: new Uint8Array(head), tail: new Uint8Array(tail), droppedBytes };
}
