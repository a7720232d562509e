import { z } from "zod";
import type { FactRepository } from "../store/store.ts";

const SERIALS_FACT = "fleet_document_serials";
/** Serials kept. Those that fell out are asked for again by whoever still holds one, which costs one exchange. */
const MAX_KEPT = 1000;

const serialsSchema = z.array(z.number().int().positive()).max(MAX_KEPT);

/**
 * Serials of the documents whose content this server knows: it signed them, or was shown them. One that is missing here was
 * signed by a life of the server that a backup has undone, whatever its height; the height alone says nothing, since serials
 * rise with the clock.
 */
export class IssuedSerials {
  readonly #facts: FactRepository;
  #serials: ReadonlySet<number>;

  private constructor(facts: FactRepository, serials: ReadonlySet<number>) {
    this.#facts = facts;
    this.#serials = serials;
  }

  /** @throws {Error} if what the store holds is no list of serials. */
  static async load(facts: FactRepository): Promise<IssuedSerials> {
    const text = await facts.get(SERIALS_FACT);
    const kept = text === undefined ? [] : serialsSchema.parse(JSON.parse(text));
    return new IssuedSerials(facts, new Set(kept));
  }

  has(serial: number): boolean {
    return this.#serials.has(serial);
  }

  /** Keeps a serial durably; past the limit the lowest go. */
  async add(serial: number): Promise<void> {
    if (this.has(serial)) return;
    const serials = [...this.#serials, serial].sort((one, other) => one - other).slice(-MAX_KEPT);
    await this.#facts.set(SERIALS_FACT, JSON.stringify(serials));
    this.#serials = new Set(serials);
  }
}
