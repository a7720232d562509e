import type { TaskOutputChunk, TaskResult } from "../../shared/proto/agent.ts";

/** Who hears what streams say of tasks. */
export interface TaskInbox {
  /** An envoy has a stream again. */
  noteStream(envoyUuid: string): void;
  noteStarted(envoyUuid: string, taskId: string): void;
  noteOutput(envoyUuid: string, chunk: TaskOutputChunk): void;
  /** @returns false if that cannot be a result. */
  noteResult(envoyUuid: string, result: TaskResult): Promise<boolean>;
}
