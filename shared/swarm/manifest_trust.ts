import type { FleetDocument } from "../config/fleet_document.ts";
import type { ManifestEntry } from "./manifest_entry.ts";

type SeederKey = FleetDocument["swarm"]["seederKeys"][number];

/**
 * Whose word about blobs counts, as the current fleet document says. What a cell says is judged at its stamp's time: a
 * seeder's certificate must have been valid then, and need not be any more. Nothing but the cell and the document decides,
 * so every envoy that has the two judges alike, whenever it looks.
 */
export class ManifestTrust {
  readonly serverKey: string;
  readonly #seeders: ReadonlyMap<string, SeederKey>;

  constructor(serverKey: string, seederKeys: readonly SeederKey[] = []) {
    this.serverKey = serverKey;
    this.#seeders = new Map(seederKeys.map((seeder) => [seeder.key, seeder]));
  }

  /** Whether the author of this cell may say what it says: the server anything, a seeder only in its own name. */
  allows({ author, origin, stamp }: ManifestEntry): boolean {
    if (author === this.serverKey) return true;
    const seeder = this.#seeders.get(author);
    return seeder !== undefined && seeder.hostname === origin &&
      stamp <= (seeder.validUntilMs ?? Infinity);
  }
}
