import type { CapturedOutput as OutputMessage, TaskResult } from "../../shared/proto/agent.ts";
import {
  type CapturedOutput,
  keptBytes,
  NO_OUTPUT,
  shortenOutput,
} from "../../shared/tasks/captured_output.ts";
import { AGENT_VERDICTS, type AgentVerdict } from "../../shared/tasks/verdict.ts";
import type { TargetOutput } from "../store/task_store.ts";

/** Longest reason kept, in UTF-16 code units. */
const MAX_REASON_LENGTH = 1_000;
/** Longest time and largest count that are numbers of anything real. */
const MAX_DURATION_MS = 366 * 86_400_000;
const MAX_EXIT_CODE = 255;

/** What an agent says of a task, as far as it is to be believed. */
export interface ReadResult {
  readonly verdict: AgentVerdict;
  readonly exitCode: number | null;
  readonly durationMs: number;
  readonly reason: string | null;
  /** `null` where nothing was written. */
  readonly output: TargetOutput | null;
}

/** The result in a message; `undefined` if it cannot be one. @param maxBytes kept of each stream. */
export function readResult(result: TaskResult, maxBytes: number): ReadResult | undefined {
  const verdict = AGENT_VERDICTS.find((known) => known === result.verdict);
  const { exitCode, durationMs, reason } = result;
  if (verdict === undefined || durationMs > MAX_DURATION_MS) return undefined;
  if (exitCode !== undefined && exitCode > MAX_EXIT_CODE) return undefined;
  const stdout = readOutput(result.stdout, maxBytes), stderr = readOutput(result.stderr, maxBytes);
  const isSilent = [stdout, stderr].every((one) => keptBytes(one) + one.droppedBytes === 0);
  return {
    verdict,
    exitCode: exitCode ?? null,
    durationMs,
    reason: reason === "" ? null : reason.toWellFormed().slice(0, MAX_REASON_LENGTH),
    output: isSilent ? null : { stdout, stderr },
  };
}

function readOutput(message: OutputMessage | undefined, maxBytes: number): CapturedOutput {
  if (message === undefined) return NO_OUTPUT;
  const { head, tail, droppedBytes } = message;
  // Copies, since the message's bytes are parts of a larger buffer.
  return shortenOutput(
    { head: new Uint8Array(head), tail: new Uint8Array(tail), droppedBytes },
    maxBytes,
  );
}
