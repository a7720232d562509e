import { type EnvoyDocument, envoyDocumentSchema } from "../../shared/config/envoy_document.ts";
import type { Signer } from "../../shared/crypto/ed25519.ts";
import type { FleetIndex } from "../fleet/fleet_index.ts";
import type { EnvoyRecord, FactRepository } from "../store/store.ts";
import type { SwarmGates } from "../swarm/swarm_gates.ts";
import { SerialQueue } from "../service/serial_queue.ts";
import {
  type CurrentDocument,
  loadSignedFact,
  nextSerial,
  saveSignedFact,
  saysTheSame,
} from "../enroll/signed_fact.ts";

export interface EnvoyDocumentsOptions {
  readonly facts: FactRepository;
  readonly signer: Signer;
  readonly index: FleetIndex;
  readonly gates: SwarmGates;
  /** `checkin.bundle_max_age`, in ms. */
  readonly bundleMaxAgeMs: number;
  readonly now: () => number;
}

/** One signed document for each envoy: its limits, gates and tags, under a serial of its own that only rises. */
export class EnvoyDocuments {
  readonly #options: EnvoyDocumentsOptions;
  readonly #queue = new SerialQueue();
  readonly #documents = new Map<string, CurrentDocument<EnvoyDocument>>();

  private constructor(options: EnvoyDocumentsOptions) {
    this.#options = options;
  }

  /** Loads the documents of all active envoys, and signs those anew that no longer say what holds. */
  static async load(options: EnvoyDocumentsOptions): Promise<EnvoyDocuments> {
    const documents = new EnvoyDocuments(options);
    for (const { record } of options.index.states()) await documents.refresh(record);
    return documents;
  }

  /** The document of an active envoy; `undefined` before {@linkcode refresh} was called for it. */
  get(envoyUuid: string): CurrentDocument<EnvoyDocument> | undefined {
    return this.#documents.get(envoyUuid);
  }

  /**
   * Makes sure that an envoy's document says what holds now.
   *
   * @param aboveSerial a serial of this server's signature that the envoy holds: after a restore it may be higher.
   */
  refresh(record: EnvoyRecord, aboveSerial = 0): Promise<CurrentDocument<EnvoyDocument>> {
    return this.#queue.run(async () => {
      const { facts, signer, gates, bundleMaxAgeMs, now } = this.#options;
      const { uuid, hostname, tags } = record;
      const name = `envoy_document:${uuid}`;
      const kept = this.#documents.get(uuid) ??
        await loadSignedFact(facts, name, "envoyDocument", signer, envoyDocumentSchema);
      const content = {
        schema: 1 as const,
        envoyUuid: uuid,
        hostname,
        checkin: { bundleMaxAgeMs },
        swarm: gates.resolve(hostname),
        tags: { ...tags },
      };
      const isCurrent = kept && kept.value.serial >= aboveSerial &&
        saysTheSame(kept.value, content);
      const serial = nextSerial(Math.max(kept?.value.serial ?? 0, aboveSerial), now());
      const current = isCurrent
        ? kept
        : await saveSignedFact(facts, name, "envoyDocument", signer, {
          ...content,
          serial,
          issuedAtMs: now(),
        });
      this.#documents.set(uuid, current);
      return current;
    });
  }

  /** Forgets a revoked envoy's document. */
  drop(envoyUuid: string): void {
    this.#documents.delete(envoyUuid);
  }
}
