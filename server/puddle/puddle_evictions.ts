import { z } from "zod";
import { MAX_EVICTED_PUDDLES } from "../../shared/config/fleet_document.ts";
import { AuditedList, type AuditedListOptions } from "../audit/audited_list.ts";
import { answered, refused, type ServiceAnswer } from "../service/service_answer.ts";

const EVICTIONS_FACT = "puddle_evictions";

const evictionSchema = z.strictObject({
  publicKey: z.string(),
  envoyUuid: z.string(),
  by: z.string(),
  atMs: z.number(),
});

/** A puddle that may not be on one envoy. */
export type PuddleEviction = z.infer<typeof evictionSchema>;

type Evicted = Pick<PuddleEviction, "publicKey" | "envoyUuid">;

export interface PuddleEvictionsOptions extends AuditedListOptions {
  readonly now: () => number;
}

/** Which puddles an administrator took from which envoys. It rides in the fleet document; the envoy itself removes the key. */
export class PuddleEvictions {
  readonly #list: AuditedList<PuddleEviction>;
  readonly #now: () => number;

  private constructor(list: AuditedList<PuddleEviction>, now: () => number) {
    this.#list = list;
    this.#now = now;
  }

  static async load(options: PuddleEvictionsOptions): Promise<PuddleEvictions> {
    return new PuddleEvictions(
      await AuditedList.load(options, EVICTIONS_FACT, evictionSchema),
      options.now,
    );
  }

  list(): readonly PuddleEviction[] {
    return this.#list.entries;
  }

  /** As the fleet document names them, sorted. */
  named(): Evicted[] {
    return this.#list.entries
      .map(({ publicKey, envoyUuid }) => ({ publicKey, envoyUuid }))
      .sort((one, other) => keyOf(one) < keyOf(other) ? -1 : 1);
  }

  has(evicted: Evicted): boolean {
    return this.#list.entries.some((one) => keyOf(one) === keyOf(evicted));
  }

  /** Evicts a puddle from an envoy; `false` if it is already. */
  evict(evicted: Evicted, principal: string): Promise<ServiceAnswer<boolean>> {
    return this.#list.inTurn(async () => {
      if (this.has(evicted)) return answered(false);
      if (this.#list.entries.length >= MAX_EVICTED_PUDDLES) {
        return refused(
          429,
          `${MAX_EVICTED_PUDDLES} puddles are evicted already: take one back with "vigocli swarm puddle evict --undo"`,
        );
      }
      const { publicKey, envoyUuid } = evicted;
      const eviction = { publicKey, envoyUuid, by: principal, atMs: this.#now() };
      await this.#list.replace([...this.#list.entries, eviction], {
        principal,
        action: "puddle.evict",
        payload: { publicKey, envoyUuid },
      });
      return answered(true);
    });
  }

  /** Lets a puddle be on an envoy again; `false` if it may be. */
  readmit(evicted: Evicted, principal: string): Promise<boolean> {
    return this.#list.inTurn(async () => {
      if (!this.has(evicted)) return false;
      const rest = this.#list.entries.filter((one) => keyOf(one) !== keyOf(evicted));
      const { publicKey, envoyUuid } = evicted;
      await this.#list.replace(rest, {
        principal,
        action: "puddle.readmit",
        payload: { publicKey, envoyUuid },
      });
      return true;
    });
  }

  /** Takes over what an earlier life of this server had evicted. */
  adopt(evicted: readonly Evicted[]): Promise<void> {
    return this.#list.inTurn(async () => {
      const lost = evicted.filter((one) => !this.has(one));
      if (lost.length === 0) return;
      const atMs = this.#now();
      await this.#list.replace(
        [...this.#list.entries, ...lost.map((one) => ({ ...one, by: "server", atMs }))],
        {
          principal: "server",
          action: "puddle.evictions_adopted",
          payload: { count: lost.length },
        },
      );
    });
  }
}

function keyOf({ publicKey, envoyUuid }: Evicted): string {
  return `${publicKey} ${envoyUuid}`;
}
