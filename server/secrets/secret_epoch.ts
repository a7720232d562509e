import { z } from "zod";
import type { FactRepository } from "../store/store.ts";

const EPOCH_FACT = "secret_epoch";

const epochSchema = z.coerce.number().int().positive();

/**
 * A number that rises whenever a secret changes, by which agents know that what they hold may be old. It is
 * max(previous + 1, clock in ms), so that a server that was restored from a backup does not repeat one.
 *
 * A change has two steps: the next epoch is durable before the secret is touched, and told to agents after it was. A crash
 * between the two makes agents resolve once too often, never once too seldom.
 */
export class SecretEpoch {
  #current: number;

  private constructor(current: number) {
    this.#current = current;
  }

  /** @throws {Error} if what the store holds is no epoch. */
  static async load(facts: Pick<FactRepository, "get">): Promise<SecretEpoch> {
    const text = await facts.get(EPOCH_FACT);
    return new SecretEpoch(text === undefined ? 0 : epochSchema.parse(text));
  }

  /** As agents are told; 0 before the first secret was kept. */
  get current(): number {
    return this.#current;
  }

  /** Writes the epoch that holds once the change is made. */
  async prepare(facts: Pick<FactRepository, "set">, nowMs: number): Promise<number> {
    const next = Math.max(this.#current + 1, Math.trunc(nowMs));
    await facts.set(EPOCH_FACT, String(next));
    return next;
  }

  /** Tells a prepared epoch from now on. */
  advance(epoch: number): void {
    this.#current = Math.max(this.#current, epoch);
  }
}
