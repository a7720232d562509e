import { z } from "zod";
import { MAX_QUEUE_BLOCKS } from "../../shared/config/fleet_document.ts";
import { AuditedList, type AuditedListOptions } from "../audit/audited_list.ts";
import { answered, refused, type ServiceAnswer } from "../service/service_answer.ts";

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

export interface QueueBlocksOptions extends AuditedListOptions {
  readonly now: () => number;
}

/** What an administrator has blocked. It rides in the fleet document; nothing is deleted. */
export class QueueBlocks {
  readonly #list: AuditedList<QueueBlock>;
  readonly #now: () => number;

  private constructor(list: AuditedList<QueueBlock>, now: () => number) {
    this.#list = list;
    this.#now = now;
  }

  static async load(options: QueueBlocksOptions): Promise<QueueBlocks> {
    return new QueueBlocks(await AuditedList.load(options, BLOCKS_FACT, blockSchema), options.now);
  }

  list(): readonly QueueBlock[] {
    return this.#list.entries;
  }

  /** The values of one kind, sorted: as the fleet document names them. */
  values(kind: QueueBlock["kind"]): string[] {
    return this.#list.entries.filter((block) => block.kind === kind).map(({ value }) => value)
      .sort();
  }

  has(kind: QueueBlock["kind"], value: string): boolean {
    return this.#list.entries.some((block) => block.kind === kind && block.value === value);
  }

  /** Blocks something; `false` if it is blocked already. */
  block(
    what: Pick<QueueBlock, "kind" | "value" | "reason">,
    principal: string,
  ): Promise<ServiceAnswer<boolean>> {
    return this.#list.inTurn(async () => {
      if (this.has(what.kind, what.value)) return answered(false);
      if (this.values(what.kind).length >= MAX_QUEUE_BLOCKS) {
        return refused(429, `${MAX_QUEUE_BLOCKS} are blocked already: unblock one first`);
      }
      const { kind, value, reason } = what;
      const block = { kind, value, reason, by: principal, atMs: this.#now() };
      await this.#list.replace([...this.#list.entries, block], {
        principal,
        action: "poolq.block",
        payload: { kind, value, reason },
      });
      return answered(true);
    });
  }

  /** Takes a block away; `false` if there is none. */
  unblock(
    { kind, value }: Pick<QueueBlock, "kind" | "value">,
    principal: string,
  ): Promise<boolean> {
    return this.#list.inTurn(async () => {
      if (!this.has(kind, value)) return false;
      const rest = this.#list.entries.filter((block) =>
        block.kind !== kind || block.value !== value
      );
      await this.#list.replace(rest, {
        principal,
        action: "poolq.unblock",
        payload: { kind, value },
      });
      return true;
    });
  }

  /** Takes over what an earlier life of this server had blocked. */
  adopt(topics: readonly string[], keys: readonly string[]): Promise<void> {
    return this.#list.inTurn(async () => {
      const lost = [
        ...topics.map((value) => ({ kind: "topic" as const, value })),
        ...keys.map((value) => ({ kind: "key" as const, value })),
      ].filter(({ kind, value }) => !this.has(kind, value));
      if (lost.length === 0) return;
      const reason = "blocked before this server was restored";
      await this.#list.replace(
        [
          ...this.#list.entries,
          ...lost.map((one) => ({ ...one, reason, by: "server", atMs: this.#now() })),
        ],
        { principal: "server", action: "poolq.blocks_adopted", payload: { count: lost.length } },
      );
    });
  }
}
