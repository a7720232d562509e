import { envoyDocument, fleetDocument } from "../../shared/config/document_fixture.ts";
import type { EnvoyDocument } from "../../shared/config/envoy_document.ts";
import type { Signer } from "../../shared/crypto/ed25519.ts";
import type { BlobProgress } from "../../shared/proto/agent.ts";
import { sealDocument } from "../../shared/canonical/signed_document.ts";
import {
  type ManifestEntry,
  manifestEntryBytes,
  manifestEntrySchema,
  type UnsignedManifestEntry,
} from "../../shared/swarm/manifest_entry.ts";
import { readSwarmState } from "../../agent/swarm/mirror.ts";
import {
  type EngineEvent,
  type EngineHandle,
  startEngine,
} from "../../agent/swarm/start_engine.ts";
import { eventually } from "../support/eventually.ts";
import type { TestAuthority, TestMember } from "./swarm_fleet.ts";

/** A worker's modules may have to be type-checked first, for each worker. */
const READY_DEADLINE_MS = 180_000;

/** What the engines of one test fleet share. */
export interface TestFleet {
  readonly authority: TestAuthority;
  readonly server: Signer;
  readonly members: readonly TestMember[];
  /** Hostnames that may seed. */
  readonly seeders: readonly string[];
  readonly discoveryPort: number;
  readonly revokedEnvoys?: readonly string[];
}

/** Where and as whom one engine runs. */
export interface TestEnvoyOptions {
  readonly fleet: TestFleet;
  readonly member: TestMember;
  readonly folder: string;
  readonly address: string;
  readonly port: number;
  readonly speedMbps?: number;
  readonly maxUploadMbps?: number;
  /** Starts the engine's worker; another one to see what a broken machine does to the others. */
  readonly startWorker?: (folder: string) => Worker;
  /** Hears every report of progress, which is then not kept among the events: with many blobs they fill memory. */
  readonly onProgress?: (blobs: readonly BlobProgress[]) => void;
}

/** A real engine worker with the part of a daemon that it needs: documents, and a key that signs. */
export class TestEnvoy implements AsyncDisposable {
  readonly member: TestMember;
  readonly folder: string;
  readonly events: EngineEvent[] = [];
  readonly #options: TestEnvoyOptions;
  #engine: EngineHandle | undefined;
  #serial = 1;

  constructor(options: TestEnvoyOptions) {
    this.#options = options;
    this.member = options.member;
    this.folder = options.folder;
  }

  get address(): string {
    return `${this.#options.address}:${this.#options.port}`;
  }

  start(fleet: TestFleet = this.#options.fleet): void {
    const { member, folder, address, port, speedMbps = 100_000, startWorker } = this.#options;
    this.#engine = startEngine({
      kind: "start",
      folder,
      envoyUuid: member.uuid,
      hostname: member.hostname,
      author: member.author,
      serverKey: fleet.server.publicKey.toHex(),
      identity: member.identity,
      ca: fleet.authority.pem,
      listenAddress: address,
      portOverride: port,
      discoveryPort: fleet.discoveryPort,
      minFreePercent: 0.1,
    }, {
      onEvent: (event) => this.#handle(event),
      onCrash: (reason) => this.events.push({ kind: "fatal", reason }),
    }, startWorker);
    this.#engine.send({
      kind: "interfaces",
      interfaces: [{ name: "lo", address, netmask: "255.0.0.0", speedMbps }],
    });
    this.sendDocuments(fleet);
  }

  /** Gives the engine documents as a check-in would. */
  sendDocuments(fleet: TestFleet, changes: Partial<EnvoyDocument["swarm"]> = {}): void {
    const { member, port, maxUploadMbps } = this.#options;
    this.#serial += 1;
    const issued = { serial: this.#serial, issuedAtMs: Date.now() };
    const fleetSays = fleetDocument({
      ...issued,
      swarm: {
        seeders: [...fleet.seeders],
        seederKeys: fleet.members.filter(({ hostname }) => fleet.seeders.includes(hostname))
          .map(({ author, hostname }) => ({ key: author, hostname })),
      },
      revokedEnvoys: [...fleet.revokedEnvoys ?? []],
    });
    const envoy = envoyDocument({
      ...issued,
      envoyUuid: member.uuid,
      hostname: member.hostname,
      swarm: {
        port,
        maxBandwidthPercent: 100,
        maxUploadMbps: maxUploadMbps ?? null,
        seeder: fleet.seeders.includes(member.hostname),
        ...changes,
      },
    });
    const fleetSigned = sealDocument("fleetDocument", fleetSays, fleet.server);
    this.engine.send({ kind: "documents", fleet: fleetSays, fleetSigned, envoy });
  }

  get engine(): EngineHandle {
    if (!this.#engine) throw new Error(`Engine of ${this.member.hostname} is not running`);
    return this.#engine;
  }

  /** Ends the engine as a power cut would. */
  crash(): void {
    this.engine.terminate();
    this.#engine = undefined;
  }

  /** Places a file with its `.swarm` into `seed/`. */
  async seed(name: string, content: Uint8Array, target = "*", retention = "7d"): Promise<void> {
    await Deno.mkdir(`${this.folder}/seed`, { recursive: true });
    await Deno.writeFile(`${this.folder}/seed/${name}`, content);
    await Deno.writeTextFile(
      `${this.folder}/seed/${name}.swarm`,
      JSON.stringify({ target, retention }),
    );
  }

  /** What the mirror file says about a blob. */
  async blob(sha256: string) {
    const state = await readSwarmState(this.folder);
    return state.ok ? state.value.blobs.find((blob) => blob.sha256 === sha256) : undefined;
  }

  /** Waits until a blob has this status, and returns what is known about it. */
  async waitFor(sha256: string, status: string, deadlineMs = 180_000) {
    return await eventually(`${this.member.hostname} reports ${status}`, async () => {
      const blob = await this.blob(sha256);
      return blob?.status === status && blob;
    }, deadlineMs);
  }

  async waitReady(): Promise<void> {
    await eventually(
      `${this.member.hostname} is ready`,
      () => this.events.some(({ kind }) => kind === "ready" || kind === "fatal"),
      READY_DEADLINE_MS,
    );
    const fatal = this.events.find((event) => event.kind === "fatal");
    if (fatal) throw new Error(`Engine of ${this.member.hostname} failed: ${fatal.reason}`);
  }

  /** Log messages so far that contain `text`. */
  logged(text: string): EngineEvent[] {
    return this.events.filter((event) =>
      event.kind === "log" && JSON.stringify(event).includes(text)
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine?.stop();
  }

  #handle(event: EngineEvent): void {
    if (event.kind === "sign") {
      const asked = manifestEntrySchema.omit({ signature: true }).parse(event.entry);
      const entry = signEntry(asked, this.member.signer);
      this.engine.send({ kind: "signed", requestId: event.requestId, entry });
      return;
    }
    const { onProgress } = this.#options;
    if (onProgress && event.kind === "progress") return onProgress(event.blobs);
    this.events.push(event);
    if (Deno.env.get("VIGO_TEST_LOG") && event.kind === "log") {
      console.error(this.member.hostname, event.level, event.message, event.properties);
    }
  }
}

export function signEntry(entry: UnsignedManifestEntry, signer: Signer): ManifestEntry {
  return { ...entry, signature: signer.sign(manifestEntryBytes(entry)).toHex() };
}
