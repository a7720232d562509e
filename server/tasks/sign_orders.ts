import { Buffer } from "node:buffer";
import type { Signer } from "../../shared/crypto/ed25519.ts";
import { type DocumentKind, sealDocument } from "../../shared/canonical/signed_document.ts";
import type { ServerMessage } from "../../shared/proto/agent.ts";
import { outputShareBytes, START_WINDOW_MS } from "../../shared/tasks/task_limits.ts";
import { MAX_LIVE_TARGETS } from "../../shared/tasks/task_limits.ts";
import type { TaskCancel, TaskDispatch } from "../../shared/tasks/task_orders.ts";
import type { TaskRecord } from "../store/task_store.ts";

/**
 * The message that has one envoy run a task. The same for every time it is sent in one batch, so that its expiry does not
 * move.
 */
export function dispatchMessage(
  record: TaskRecord,
  envoyUuid: string,
  batchStartedAtMs: number,
  signer: Signer,
): ServerMessage {
  const dispatch: TaskDispatch = {
    schema: 1,
    envoyUuid,
    taskId: record.id,
    command: record.command,
    timeoutMs: record.timeoutSecs * 1000,
    nice: record.nice,
    maxOutputBytes: outputShareBytes(record.targets),
    live: record.targets <= MAX_LIVE_TARGETS,
    issuedAtMs: batchStartedAtMs,
    expiresAtMs: batchStartedAtMs + START_WINDOW_MS,
  };
  return { taskDispatch: seal("taskDispatch", dispatch, signer) };
}

/** The message that has one envoy end a task, or never begin it. */
export function cancelMessage(
  { id }: TaskRecord,
  envoyUuid: string,
  batchStartedAtMs: number,
  signer: Signer,
): ServerMessage {
  const cancel: TaskCancel = {
    schema: 1,
    envoyUuid,
    taskId: id,
    issuedAtMs: batchStartedAtMs,
    expiresAtMs: batchStartedAtMs + START_WINDOW_MS,
  };
  return { taskCancel: seal("taskCancel", cancel, signer) };
}

function seal(kind: DocumentKind, value: unknown, signer: Signer) {
  const { payload, signature } = sealDocument(kind, value, signer);
  return { payload: Buffer.from(payload), signature: Buffer.from(signature) };
}
