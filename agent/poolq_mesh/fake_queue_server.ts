import { Buffer } from "node:buffer";
import { UploadQueuesRequest, UploadQueuesResponse } from "../../shared/proto/agent.ts";

/** For tests: a server that keeps what it is given in a row, as far as it is let. */
export class FakeQueueServer {
  readonly stored = new Map<string, number>();
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
        const { seq } = JSON.parse(message.toString());
        if (this.refusal === "" && seq === storedSeq + 1) storedSeq = seq;
      }
      this.stored.set(id, storedSeq);
      return { topicId, storedSeq, storedId: Buffer.alloc(32), refusal: this.refusal };
    });
    const value = new Uint8Array(UploadQueuesResponse.encode({ topics: states }).finish());
    return Promise.resolve({ ok: true as const, value });
  }
}
