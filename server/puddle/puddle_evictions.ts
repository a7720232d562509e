import { z } from "zod";
import { MAX_EVICTED_PUDDLES } from "../../shared/config/fleet_document.ts";
import type { AuditLog } from "../audit/audit_log.ts";
import type { AuditPayload } from "../audit/audit_payload.ts";
import { SerialQueue } from "../service/serial_queue.ts";
import { answered, refused, type ServiceAnswer } from "../service/service_answer.ts";
import type { Store } from "../store/store.ts";

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

export interface PuddleEvictionsOptions {
  readonly store: Store;
  readonly audit: AuditLog;
  readonly now: () => number;
}

/** Which puddles an administrator took from which envoys. It rides in the fleet document; the envoy itself removes the key. */
export class PuddleEvictions {
  readonly #options: PuddleEvictionsOptions;
  readonly #queue = new SerialQueue();
  #evictions: readonly PuddleEviction[];

  private constructor(options: PuddleEvictionsOptions, evictions: readonly PuddleEviction[]) {
    this.#options = options;
    this.#evictions = evictions;
  }

  static async load(options: PuddleEvictionsOptions): Promise<PuddleEvictions> {
    const text = await options.store.facts.get(EVICTIONS_FACT);
    return new PuddleEvictions(
      options,
      text === undefined ? [] : z.array(evictionSchema).parse(JSON.parse(text)),
    );
  }

  list(): readonly PuddleEviction[] {
    return this.#evictions;
  }

  /** As the fleet document names them, sorted. */
  named(): Evicted[] {
    return this.#evictions
      .map(({ publicKey, envoyUuid }) => ({ publicKey, envoyUuid }))
      .sort((one, other) => keyOf(one) < keyOf(other) ? -1 : 1);
  }

  has(evicted: Evicted): boolean {
    return this.#evictions.some((one) => keyOf(one) === keyOf(evicted));
  }

  /** Evicts a puddle from an envoy; `false` if it is already. */
  evict(evicted: Evicted, principal: string): Promise<ServiceAnswer<boolean>> {
    return this.#queue.run(async () => {
      if (this.has(evicted)) return answered(false);
      if (this.#evictions.length >= MAX_EVICTED_PUDDLES) {
        return refused(
          429,
          `${MAX_EVICTED_PUDDLES} puddles are evicted already: take one back with "vigocli swarm puddle evict --undo"`,
        );
      }
      const { publicKey, envoyUuid } = evicted;
      const eviction = { publicKey, envoyUuid, by: principal, atMs: this.#options.now() };
      await this.#keep([...this.#evictions, eviction], principal, "puddle.evict", {
        publicKey,
        envoyUuid,
      });
      return answered(true);
    });
  }

  /** Lets a puddle be on an envoy again; `false` if it may be. */
  readmit(evicted: Evicted, principal: string): Promise<boolean> {
    return this.#queue.run(async () => {
      if (!this.has(evicted)) return false;
      const rest = this.#evictions.filter((one) => keyOf(one) !== keyOf(evicted));
      const { publicKey, envoyUuid } = evicted;
      await this.#keep(rest, principal, "puddle.readmit", { publicKey, envoyUuid });
      return true;
    });
  }

  /** Takes over what an earlier life of this server had evicted. */
  adopt(evicted: readonly Evicted[]): Promise<void> {
    return this.#queue.run(async () => {
      const lost = evicted.filter((one) => !this.has(one));
      if (lost.length === 0) return;
      const atMs = this.#options.now();
      await this.#keep(
        [...this.#evictions, ...lost.map((one) => ({ ...one, by: "server", atMs }))],
        "server",
        "puddle.evictions_adopted",
        { count: lost.length },
      );
    });
  }

  /** The act and its record are one. */
  async #keep(
    evictions: readonly PuddleEviction[],
    principal: string,
    action: string,
    payload: AuditPayload,
  ): Promise<void> {
    const { store, audit } = this.#options;
    await store.transaction(async (inside) => {
      await inside.facts.set(EVICTIONS_FACT, JSON.stringify(evictions));
      await audit.recordInside(inside, { name: principal }, action, payload);
    });
    this.#evictions = evictions;
  }
}

function keyOf({ publicKey, envoyUuid }: Evicted): string {
  return `${publicKey} ${envoyUuid}`;
}
