import { Buffer } from "node:buffer";
import { messageId } from "../../shared/poolq/message.ts";
import { UploadQueuesRequest, UploadQueuesResponse } from "../../shared/proto/agent.ts";

/** For tests: a server that keeps what it is given in a row, as far as it is let. */
export class FakeQueueServer {
  readonly stored = new Map<string, number>();
  /** By topic: the ids of its messages from seq 1 on. */
  readonly ids = new Map<string, string[]>();
  /** How many messages came with each call. */
  readonly calls: number[] = [];
  /** Who was said to write a topic, with each call. */
  readonly writers: string[] = [];
  isAway = false;
  refusal = "";

  call(_method: string, body: Uint8Array) {
    if (this.isAway) {
      return Promise.resolve({
        ok: false as const,
        failure: { message: "away", clockSuspected: false },
      });
    }
    const { topics } = UploadQueuesRequest.decode(body);
    this.writers.push(
      ...topics.map(({ appointment }) => JSON.parse(appointment.toString()).writer),
    );
    this.calls.push(topics.reduce((sum, { messages }) => sum + messages.length, 0));
    const states = topics.map(({ topicId, messages }) => {
      const id = topicId.toString("hex");
      let storedSeq = this.stored.get(id) ?? 0;
      for (const message of messages) {
        const parsed = JSON.parse(message.toString());
        const ids = this.ids.get(id) ?? [];
        this.ids.set(id, ids);
        const kept = parsed.seq <= storedSeq ? ids[parsed.seq - 1] : undefined;
        if (kept !== undefined && kept !== messageId(parsed)) this.refusal = "equivocation";
        if (this.refusal !== "" || parsed.seq !== storedSeq + 1) continue;
        storedSeq = parsed.seq;
        ids[storedSeq - 1] = messageId(parsed);
      }
      this.stored.set(id, storedSeq);
      const storedId = Buffer.from(this.ids.get(id)?.[storedSeq - 1] ?? "", "hex");
      return { topicId, storedSeq, storedId, refusal: this.refusal };
    });
    const value = new Uint8Array(UploadQueuesResponse.encode({ topics: states }).finish());
    return Promise.resolve({ ok: true as const, value });
  }
}
