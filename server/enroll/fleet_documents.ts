import { z } from "zod";
import {
  type FleetDocument,
  fleetDocumentSchema,
  MAX_FLEET_DOCUMENT_BYTES,
} from "../../shared/config/fleet_document.ts";
import { loadVerifier, type Signer } from "../../shared/crypto/ed25519.ts";
import { openDocument, type SignedBytes } from "../../shared/crypto/signed_document.ts";
import type { Logger } from "../../shared/platform/logging.ts";
import type { FleetIndex } from "../checkin/fleet_index.ts";
import type { Store } from "../store/store.ts";
import type { SwarmGates } from "../swarm/swarm_gates.ts";
import { SerialQueue } from "./serial_queue.ts";
import {
  type CurrentDocument,
  loadSignedFact,
  nextSerial,
  saveSignedFact,
  saysTheSame,
} from "./signed_fact.ts";

const DOCUMENT_FACT = "fleet_document";
const ADOPTED_FACT = "adopted_revocations";
/** No certificate of this fleet lives longer, so a revocation of unknown expiry is named for as long. */
const LONGEST_CERTIFICATE_MS = 91 * 86_400_000;
/** As many names as the schema admits. */
const MAX_NAMED = 4000;

/** Revocations learnt from a document of an earlier life of this server: name → until when they matter, in ms. */
const adoptedSchema = z.strictObject({
  envoys: z.record(z.string(), z.number()),
  certificates: z.record(z.string(), z.number()),
});
type Adopted = z.infer<typeof adoptedSchema>;

export interface FleetDocumentsOptions {
  readonly store: Store;
  readonly signer: Signer;
  readonly index: FleetIndex;
  readonly gates: SwarmGates;
  readonly now: () => number;
  readonly logger: Logger;
  /** Revokes an envoy that an earlier life of this server had revoked. */
  readonly revokeAgain: (uuid: string) => Promise<void>;
}

export type TakeOver = { readonly ok: true; readonly revoked: readonly string[] } | {
  readonly ok: false;
  readonly reason: string;
};

/** The fleet document: what every envoy must know about the others, under a serial that only rises. */
export class FleetDocuments {
  readonly #options: FleetDocumentsOptions;
  readonly #queue = new SerialQueue();
  readonly #listeners = new Set<(document: CurrentDocument<FleetDocument>) => void>();
  #current: CurrentDocument<FleetDocument>;
  #adopted: Adopted;

  private constructor(
    options: FleetDocumentsOptions,
    current: CurrentDocument<FleetDocument>,
    adopted: Adopted,
  ) {
    this.#options = options;
    this.#current = current;
    this.#adopted = adopted;
  }

  /** Loads the document that was last signed, and signs another if it no longer says what holds. */
  static async load(options: FleetDocumentsOptions): Promise<FleetDocuments> {
    const { store, signer, now } = options;
    const kept = await loadSignedFact(
      store.facts,
      DOCUMENT_FACT,
      "fleetDocument",
      signer,
      fleetDocumentSchema,
    );
    const text = await store.facts.get(ADOPTED_FACT);
    const adopted = text === undefined
      ? { envoys: {}, certificates: {} }
      : adoptedSchema.parse(JSON.parse(text));
    const content = await composeContent(options, adopted);
    const current = kept && saysTheSame(kept.value, content)
      ? kept
      : await saveSignedFact(store.facts, DOCUMENT_FACT, "fleetDocument", signer, {
        ...content,
        serial: nextSerial(kept?.value.serial ?? 0, now()),
        issuedAtMs: now(),
      });
    return new FleetDocuments(options, current, adopted);
  }

  get current(): CurrentDocument<FleetDocument> {
    return this.#current;
  }

  get serial(): number {
    return this.#current.value.serial;
  }

  /** Whether an earlier life of this server revoked this envoy or certificate, unknown to this one. */
  wasRevoked(envoyUuid: string, certificateFingerprint: string): boolean {
    const { envoys, certificates } = this.#adopted;
    return Object.hasOwn(envoys, envoyUuid) || Object.hasOwn(certificates, certificateFingerprint);
  }

  /** Calls back with each new document, until the answered function is called. */
  onChange(listener: (document: CurrentDocument<FleetDocument>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Signs a new document if what it says has changed. */
  refresh(): Promise<void> {
    return this.#queue.run(() => this.#publish(this.serial, false));
  }

  /**
   * Learns from a document of this server's own signature that is newer than its own: it was restored from a backup. Its
   * revocations are taken over, and the next document continues above its serial.
   */
  async takeOver(held: SignedBytes): Promise<TakeOver> {
    const { signer, store, index, now, revokeAgain } = this.#options;
    const opened = openDocument(
      "fleetDocument",
      held,
      loadVerifier(signer.publicKey),
      fleetDocumentSchema,
    );
    if (!opened.ok) return opened;
    const { serial, revokedEnvoys, revokedCertificates } = opened.value;
    if (serial <= this.serial) return { ok: true, revoked: [] };
    const untilMs = now() + LONGEST_CERTIFICATE_MS;
    const revoked = revokedEnvoys.filter((uuid) => index.get(uuid)?.record.state === "active");
    await this.#queue.run(async () => {
      this.#adopted = {
        envoys: {
          ...this.#adopted.envoys,
          ...Object.fromEntries(
            revokedEnvoys.filter((uuid) => !index.get(uuid)).map((uuid) => [uuid, untilMs]),
          ),
        },
        certificates: {
          ...this.#adopted.certificates,
          ...Object.fromEntries(revokedCertificates.map((name) => [name, untilMs])),
        },
      };
      await store.facts.set(ADOPTED_FACT, JSON.stringify(this.#adopted));
    });
    for (const uuid of revoked) await revokeAgain(uuid);
    await this.#queue.run(() => this.#publish(serial, true));
    return { ok: true, revoked };
  }

  async #publish(aboveSerial: number, always: boolean): Promise<void> {
    const { store, signer, now } = this.#options;
    const content = await composeContent(this.#options, this.#adopted);
    if (!always && saysTheSame(this.#current.value, content)) return;
    this.#current = await saveSignedFact(store.facts, DOCUMENT_FACT, "fleetDocument", signer, {
      ...content,
      serial: nextSerial(Math.max(aboveSerial, this.serial), now()),
      issuedAtMs: now(),
    });
    for (const listener of this.#listeners) listener(this.#current);
  }
}

async function composeContent(
  { store, index, gates, now, logger }: FleetDocumentsOptions,
  adopted: Adopted,
): Promise<Omit<FleetDocument, "serial" | "issuedAtMs">> {
  const nowMs = now();
  const revoked = new Map<string, number>();
  for (const { envoyUuid, notAfterMs } of await store.certificates.listRevoked(nowMs)) {
    revoked.set(envoyUuid, Math.max(revoked.get(envoyUuid) ?? 0, notAfterMs));
  }
  for (const [uuid, untilMs] of Object.entries(adopted.envoys)) {
    if (untilMs > nowMs && !revoked.has(uuid)) revoked.set(uuid, untilMs);
  }
  const certificates = Object.entries(adopted.certificates).filter(([, untilMs]) =>
    untilMs > nowMs
  );
  const seederKeys = [...index.states()]
    .filter(({ record }) => gates.maySeed(record.hostname))
    .map(({ record }) => ({ key: record.signingKey, hostname: record.hostname }))
    .sort((one, other) => one.key < other.key ? -1 : 1);
  if (seederKeys.length > 1000) {
    logger.error("{count} envoys may seed, the fleet document names 1000: narrow swarm.seeders", {
      count: seederKeys.length,
    });
  }
  const content = {
    schema: 1 as const,
    swarm: { seeders: [...gates.seederPatterns], seederKeys: seederKeys.slice(0, 1000) },
    revokedEnvoys: latest([...revoked], logger),
    revokedCertificates: latest(certificates, logger),
  };
  const sizeBytes = new TextEncoder().encode(JSON.stringify(content)).length;
  if (sizeBytes > MAX_FLEET_DOCUMENT_BYTES) {
    throw new RangeError(
      `Cannot sign a fleet document of ${sizeBytes} bytes: the limit is ${MAX_FLEET_DOCUMENT_BYTES}. Narrow swarm.seeders`,
    );
  }
  return content;
}

/** The names that matter longest, sorted; past the limit those that expire soonest go, and somebody must know. */
function latest(names: readonly (readonly [string, number])[], logger: Logger): string[] {
  if (names.length > MAX_NAMED) {
    logger.error("{count} revocations are in force, the fleet document names {limit}", {
      count: names.length,
      limit: MAX_NAMED,
    });
  }
  return names.toSorted(([, one], [, other]) => other - one)
    .slice(0, MAX_NAMED)
    .map(([name]) => name)
    .sort();
}
