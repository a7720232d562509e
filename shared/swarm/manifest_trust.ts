import type { FleetDocument } from "../config/fleet_document.ts";
import type { ManifestEntry } from "./manifest_entry.ts";

/** Whose word about blobs counts, as the current fleet document says. */
export class ManifestTrust {
  readonly serverKey: string;
  readonly #hostnames: ReadonlyMap<string, string>;

  constructor(serverKey: string, seederKeys: FleetDocument["swarm"]["seederKeys"] = []) {
    this.serverKey = serverKey;
    this.#hostnames = new Map(seederKeys.map(({ key, hostname }) => [key, hostname]));
  }

  /** Whether the author of this cell may say what it says: the server anything, a seeder only in its own name. */
  allows({ author, origin }: ManifestEntry): boolean {
    return author === this.serverKey || this.#hostnames.get(author) === origin;
  }
}
