import { z } from "zod";
import { MAX_QUEUE_BLOCKS } from "../../shared/config/fleet_document.ts";
import type { AuditLog } from "../audit/audit_log.ts";
import type { AuditPayload } from "../audit/audit_payload.ts";
import { answered, refused, type ServiceAnswer } from "../service/service_answer.ts";
import { SerialQueue } from "../service/serial_queue.ts";
import type { Store } from "../store/store.ts";

const BLOCKS_FACT = "poolq_blocks";

const blockSchema = z.strictObject({
  kind: z.enum(["topic", "key"]),
  value: z.string(),
  reason: z.string(),
  by: z.string(),
  atMs: z.number(),
});

/** A topic, or everything of a key, that envoys must not serve nor show. */
export type QueueBlock = z.infer<typeof blockSchema>;

export interface QueueBlocksOptions {
  readonly store: Store;
  readonly audit: AuditLog;
  readonly now: () => number;
}

/** What an administrator has blocked. It rides in the fleet document; nothing is deleted. */
export class QueueBlocks {
  readonly #options: QueueBlocksOptions;
  readonly #queue = new SerialQueue();
  #blocks: readonly QueueBlock[];

  private constructor(options: QueueBlocksOptions, blocks: readonly QueueBlock[]) {
    this.#options = options;
    this.#blocks = blocks;
  }

  static async load(options: QueueBlocksOptions): Promise<QueueBlocks> {
    const text = await options.store.facts.get(BLOCKS_FACT);
    return new QueueBlocks(
      options,
      text === undefined ? [] : z.array(blockSchema).parse(JSON.parse(text)),
    );
  }

  list(): readonly QueueBlock[] {
    return this.#blocks;
  }

  /** The values of one kind, sorted: as the fleet document names them. */
  values(kind: QueueBlock["kind"]): string[] {
    return this.#blocks.filter((block) => block.kind === kind).map(({ value }) => value).sort();
  }

  has(kind: QueueBlock["kind"], value: string): boolean {
    return this.#blocks.some((block) => block.kind === kind && block.value === value);
  }

  /** Blocks something; `false` if it is blocked already. */
  block(
    what: Pick<QueueBlock, "kind" | "value" | "reason">,
    principal: string,
  ): Promise<ServiceAnswer<boolean>> {
    return this.#queue.run(async () => {
      if (this.has(what.kind, what.value)) return answered(false);
      if (this.values(what.kind).length >= MAX_QUEUE_BLOCKS) {
        return refused(429, `${MAX_QUEUE_BLOCKS} are blocked already: unblock one first`);
      }
      const { now } = this.#options;
      const { kind, value, reason } = what;
      const block = { kind, value, reason, by: principal, atMs: now() };
      await this.#keep([...this.#blocks, block], principal, "poolq.block", { kind, value, reason });
      return answered(true);
    });
  }

  /** Takes a block away; `false` if there is none. */
  unblock(
    { kind, value }: Pick<QueueBlock, "kind" | "value">,
    principal: string,
  ): Promise<boolean> {
    return this.#queue.run(async () => {
      if (!this.has(kind, value)) return false;
      const rest = this.#blocks.filter((block) => block.kind !== kind || block.value !== value);
      await this.#keep(rest, principal, "poolq.unblock", { kind, value });
      return true;
    });
  }

  /** Takes over what an earlier life of this server had blocked. */
  adopt(topics: readonly string[], keys: readonly string[]): Promise<void> {
    return this.#queue.run(async () => {
      const { now } = this.#options;
      const lost = [
        ...topics.map((value) => ({ kind: "topic" as const, value })),
        ...keys.map((value) => ({ kind: "key" as const, value })),
      ].filter(({ kind, value }) => !this.has(kind, value));
      if (lost.length === 0) return;
      const reason = "blocked before this server was restored";
      await this.#keep(
        [
          ...this.#blocks,
          ...lost.map((one) => ({ ...one, reason, by: "server", atMs: now() })),
        ],
        "server",
        "poolq.blocks_adopted",
        { count: lost.length },
      );
    });
  }

  /** The act and its record are one. */
  async #keep(
    blocks: readonly QueueBlock[],
    principal: string,
    action: string,
    payload: AuditPayload,
  ): Promise<void> {
    const { store, audit } = this.#options;
    await store.transaction(async (inside) => {
      await inside.facts.set(BLOCKS_FACT, JSON.stringify(blocks));
      await audit.recordInside(inside, { name: principal }, action, payload);
    });
    this.#blocks = blocks;
  }
}
