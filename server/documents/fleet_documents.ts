import { z } from "zod";
import {
  type FleetDocument,
  fleetDocumentSchema,
  MAX_FLEET_DOCUMENT_BYTES,
} from "../../shared/config/fleet_document.ts";
import { loadVerifier, type Signer } from "../../shared/crypto/ed25519.ts";
import { openDocument, type SignedBytes } from "../../shared/canonical/signed_document.ts";
import type { Logger } from "../../shared/platform/logging.ts";
import type { FleetIndex } from "../fleet/fleet_index.ts";
import type { QueueBlocks } from "../poolq/queue_blocks.ts";
import type { QueueSettings } from "../poolq/queue_settings.ts";
import type { PuddleEvictions } from "../puddle/puddle_evictions.ts";
import type { Store } from "../store/store.ts";
import type { SwarmGates } from "../swarm/swarm_gates.ts";
import { IssuedSerials } from "../enroll/issued_serials.ts";
import { SerialQueue } from "../service/serial_queue.ts";
import {
  type CurrentDocument,
  loadSignedFact,
  nextSerial,
  saveSignedFact,
  saysTheSame,
} from "../enroll/signed_fact.ts";

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
  readonly queues: Pick<QueueSettings, "maxMsgBytes" | "retentionMs">;
  readonly queueBlocks: QueueBlocks;
  readonly puddleEvictions: PuddleEvictions;
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
  readonly #issued: IssuedSerials;
  #adopted: Adopted;
  /** Certificates that were replaced before their time, of envoys that are still active; all of them, named or not. */
  #replaced: ReadonlySet<string>;

  private constructor(
    options: FleetDocumentsOptions,
    current: CurrentDocument<FleetDocument>,
    issued: IssuedSerials,
    adopted: Adopted,
    replaced: ReadonlySet<string>,
  ) {
    this.#options = options;
    this.#current = current;
    this.#issued = issued;
    this.#adopted = adopted;
    this.#replaced = replaced;
  }

  /** Loads the document that was last signed, and signs another if it no longer says what holds. */
  static async load(options: FleetDocumentsOptions): Promise<FleetDocuments> {
    const { store, signer } = options;
    const issued = await IssuedSerials.load(store.facts);
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
    const revoked = await readRevoked(options);
    const content = composeContent(options, adopted, revoked);
    if (kept) await issued.add(kept.value.serial);
    const current = kept && saysTheSame(kept.value, content)
      ? kept
      : await sign(options, issued, content, kept?.value.serial ?? 0);
    const replaced = new Set(revoked.certificates.keys());
    return new FleetDocuments(options, current, issued, adopted, replaced);
  }

  get current(): CurrentDocument<FleetDocument> {
    return this.#current;
  }

  get serial(): number {
    return this.#current.value.serial;
  }

  /**
   * Whether the content of a document is known here. One that is not was signed by a life of this server that a backup has
   * undone, and whoever holds it must be asked for it: it may name revocations that nobody else remembers.
   */
  knows(serial: number): boolean {
    return this.#issued.has(serial);
  }

  /**
   * Whether this certificate was replaced before its time, or an earlier life of this server revoked it or its envoy, unknown
   * to this one.
   */
  wasRevoked(envoyUuid: string, certificateFingerprint: string): boolean {
    const { envoys, certificates } = this.#adopted;
    return this.#replaced.has(certificateFingerprint) || Object.hasOwn(envoys, envoyUuid) ||
      Object.hasOwn(certificates, certificateFingerprint);
  }

  /** Calls back with each new document, until the answered function is called. */
  onChange(listener: (document: CurrentDocument<FleetDocument>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Signs a new document if what it says has changed. */
  refresh(): Promise<void> {
    return this.#queue.run(() => this.#publish(0));
  }

  /**
   * Learns from a document of this server's own signature that it does not know: it was restored from a backup. Its
   * revocations join those that are known, whether its serial is above the current one or below, and what is current then
   * is above both.
   */
  async takeOver(held: SignedBytes): Promise<TakeOver> {
    const { signer, store, index, now, revokeAgain, queueBlocks, puddleEvictions } = this.#options;
    const opened = openDocument(
      "fleetDocument",
      held,
      loadVerifier(signer.publicKey),
      fleetDocumentSchema,
    );
    if (!opened.ok) return opened;
    const { serial, revokedEnvoys, revokedCertificates, poolq, evictedPuddles } = opened.value;
    if (this.knows(serial)) return { ok: true, revoked: [] };
    const untilMs = now() + LONGEST_CERTIFICATE_MS;
    const revoked = revokedEnvoys.filter((uuid) => index.get(uuid)?.record.state === "active");
    await this.#queue.run(async () => {
      this.#adopted = {
        envoys: {
          ...Object.fromEntries(
            revokedEnvoys.filter((uuid) => !index.get(uuid)).map((uuid) => [uuid, untilMs]),
          ),
          ...this.#adopted.envoys,
        },
        certificates: {
          ...Object.fromEntries(revokedCertificates.map((name) => [name, untilMs])),
          ...this.#adopted.certificates,
        },
      };
      await store.facts.set(ADOPTED_FACT, JSON.stringify(this.#adopted));
    });
    for (const uuid of revoked) await revokeAgain(uuid);
    await queueBlocks.adopt(poolq.blockedTopics, poolq.blockedKeys);
    await puddleEvictions.adopt(evictedPuddles);
    await this.#queue.run(async () => {
      await this.#publish(serial);
      // Last, so that it is asked for again if this was cut short.
      await this.#issued.add(serial);
    });
    return { ok: true, revoked };
  }

  /** Signs another document if the current one is not above a serial, or does not say what holds. */
  async #publish(aboveSerial: number): Promise<void> {
    const revoked = await readRevoked(this.#options);
    this.#replaced = new Set(revoked.certificates.keys());
    const content = composeContent(this.#options, this.#adopted, revoked);
    if (aboveSerial < this.serial && saysTheSame(this.#current.value, content)) return;
    const above = Math.max(aboveSerial, this.serial);
    this.#current = await sign(this.#options, this.#issued, content, above);
    for (const listener of this.#listeners) listener(this.#current);
  }
}

async function sign(
  { store, signer, now }: FleetDocumentsOptions,
  issued: IssuedSerials,
  content: Omit<FleetDocument, "serial" | "issuedAtMs">,
  aboveSerial: number,
): Promise<CurrentDocument<FleetDocument>> {
  const value = { ...content, serial: nextSerial(aboveSerial, now()), issuedAtMs: now() };
  const signed = await saveSignedFact(store.facts, DOCUMENT_FACT, "fleetDocument", signer, value);
  // Before anybody sees the document; one that was only stored is added at the next load.
  await issued.add(value.serial);
  return signed;
}

/** Until when a revocation matters, by UUID of the envoy, or by certificate where the envoy itself is still active. */
interface Revoked {
  readonly envoys: Map<string, number>;
  readonly certificates: Map<string, number>;
}

async function readRevoked({ store, index, now }: FleetDocumentsOptions): Promise<Revoked> {
  const envoys = new Map<string, number>(), certificates = new Map<string, number>();
  for (
    const { envoyUuid, fingerprint, notAfterMs } of await store.certificates.listRevoked(now())
  ) {
    if (index.get(envoyUuid)?.record.state === "active") certificates.set(fingerprint, notAfterMs);
    else envoys.set(envoyUuid, Math.max(envoys.get(envoyUuid) ?? 0, notAfterMs));
  }
  return { envoys, certificates };
}

function composeContent(
  { index, gates, queues, queueBlocks, puddleEvictions, now, logger }: FleetDocumentsOptions,
  adopted: Adopted,
  { envoys, certificates: replaced }: Revoked,
): Omit<FleetDocument, "serial" | "issuedAtMs"> {
  const nowMs = now();
  const revoked = new Map(envoys);
  for (const [uuid, untilMs] of Object.entries(adopted.envoys)) {
    if (untilMs > nowMs && !revoked.has(uuid)) revoked.set(uuid, untilMs);
  }
  const certificates = [
    ...replaced,
    ...Object.entries(adopted.certificates).filter(([name, untilMs]) =>
      untilMs > nowMs && !replaced.has(name)
    ),
  ];
  const seederKeys = [...index.states()]
    .filter(({ record }) => gates.maySeed(record.hostname))
    .map(({ record, certificateNotAfterMs }) => ({
      key: record.signingKey,
      hostname: record.hostname,
      ...(certificateNotAfterMs === undefined ? {} : { validUntilMs: certificateNotAfterMs }),
    }))
    .sort((one, other) => one.key < other.key ? -1 : 1);
  if (seederKeys.length > 1000) {
    logger.error("{count} envoys may seed, the fleet document names 1000: narrow swarm.seeders", {
      count: seederKeys.length,
    });
  }
  const content = {
    schema: 1 as const,
    swarm: { seeders: [...gates.seederPatterns], seederKeys: seederKeys.slice(0, 1000) },
    poolq: {
      maxMsgBytes: queues.maxMsgBytes,
      retentionSecs: Math.ceil(queues.retentionMs / 1000),
      blockedTopics: queueBlocks.values("topic"),
      blockedKeys: queueBlocks.values("key"),
    },
    evictedPuddles: puddleEvictions.named(),
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
