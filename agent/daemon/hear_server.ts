import type { ServerMessage } from "../../shared/proto/agent.ts";
import { storageFault } from "../store/storage_fault.ts";
import type { AgentLog } from "../runtime/agent_log.ts";
import type { EngineKeeper } from "../engine_host/engine_keeper.ts";
import type { HeldDocuments } from "../documents/held_documents.ts";
import { readEntries } from "../engine_host/manifest_messages.ts";
import type { QueueKeeper } from "../poolq_mesh/queue_keeper.ts";
import type { PuddleKeeper } from "../puddle_mesh/puddle_keeper.ts";
import type { TaskKeeper } from "../tasks/task_keeper.ts";
import type { WakeQueue } from "../cycle/wake_queue.ts";

/** Whom a message of the server may concern. */
export interface ServerAudience {
  readonly held: Pick<HeldDocuments, "takeFleet" | "takeEnvoy">;
  readonly queue: Pick<WakeQueue, "push">;
  readonly engine: Pick<EngineKeeper, "update" | "sendEntries">;
  readonly tasks: Pick<TaskKeeper, "dispatch" | "cancel" | "noteStored">;
  readonly queues: Pick<QueueKeeper, "noteHeads">;
  readonly puddles: Pick<PuddleKeeper, "noteDocuments">;
  readonly log: AgentLog;
}

/**
 * Does what a message on the stream asks for. Documents are verified by whoever holds them; what cannot be stored now comes
 * again with the next check-in.
 */
export function hearServer(message: ServerMessage, audience: ServerAudience): void {
  try {
    hear(message, audience);
  } catch (error) {
    const reason = storageFault(error);
    if (reason === undefined) throw error;
    audience.log.error("cannot store what the server sent", { reason });
  }
}

function hear(
  message: ServerMessage,
  { held, queue, engine, tasks, queues, puddles, log }: ServerAudience,
): void {
  if (message.push) {
    log.info("the server asks for a check-in", { reason: message.push.reason });
    queue.push(message.push.force);
  }
  if (message.fleetDocument) {
    const verdict = held.takeFleet(message.fleetDocument);
    if (verdict.ok) log.info("fleet document accepted", { serial: verdict.value.serial });
    else log.error("fleet document refused", { reason: verdict.reason });
    engine.update();
    puddles.noteDocuments();
  }
  if (message.envoyDocument) {
    const verdict = held.takeEnvoy(message.envoyDocument);
    if (verdict.ok) log.info("envoy document accepted", { serial: verdict.value.serial });
    else log.error("envoy document refused", { reason: verdict.reason });
    engine.update();
  }
  if (message.taskDispatch) tasks.dispatch(message.taskDispatch);
  if (message.taskCancel) tasks.cancel(message.taskCancel);
  if (message.taskResultStored) tasks.noteStored(message.taskResultStored.taskId);
  if (message.queueHeads) queues.noteHeads(message.queueHeads);
  if (message.manifest) engine.sendEntries(readEntries(message.manifest.entries, log));
}
