import { dirname } from "node:path";
import type { z } from "zod";
import type { Logger } from "../../shared/platform/logging.ts";
import type {
  Filecast,
  filecastDistribute,
  FilecastHost,
  filecastPurge,
  filecastShow,
} from "../../shared/rest/swarm.ts";
import { isLabel, type ManifestEntry, MAX_LABEL_BYTES } from "../../shared/swarm/manifest_entry.ts";
import { parseRetention } from "../../shared/swarm/retention.ts";
import { TargetDecision } from "../../shared/swarm/target_decision.ts";
import { parseTargetSpec } from "../../shared/targeting/target_spec.ts";
import { TargetSpecError } from "../../shared/targeting/target_spec_error.ts";
import type { AuditLog } from "../audit/audit_log.ts";
import type { EnvoyState } from "../checkin/envoy_state.ts";
import type { FleetIndex } from "../checkin/fleet_index.ts";
import { answered, type Refused, refused, type ServiceAnswer } from "../enroll/service_answer.ts";
import { AwaitedCasts, type Cast } from "./awaited_casts.ts";
import { type FreeSpace, judgeFreeSpace } from "./free_space.ts";
import type { ManifestStore } from "./manifest_store.ts";
import type { BlobState, ProgressTracker } from "./progress_tracker.ts";
import { receiveSeed, withdrawSeed } from "./seed_upload.ts";
import type { SwarmGates } from "./swarm_gates.ts";

/** Uploads taken at a time: each is hashed at full speed, and the machine has other work. */
const MAX_UPLOADS = 4;
/** Files of this ending say how the file beside them is to be seeded. */
const SWARM_SUFFIX = ".swarm";
/** As the swarm cuts blobs; an entry says what really holds. */
const DEFAULT_CHUNK_BYTES = 1024 * 1024;

type DistributeQuery = z.output<typeof filecastDistribute.query>;
type Distributed = z.output<typeof filecastDistribute.answer>;
type Shown = z.output<typeof filecastShow.answer>;
type Purged = z.output<typeof filecastPurge.answer>;

export interface FilecastServiceOptions {
  readonly index: FleetIndex;
  readonly manifest: ManifestStore;
  readonly progress: ProgressTracker;
  readonly gates: SwarmGates;
  readonly audit: Pick<AuditLog, "record" | "recordInside">;
  readonly now: () => number;
  readonly logger: Logger;
  readonly serverHostname: string;
  /** `seed/` of the server host's own envoy. */
  readonly seedFolder: string;
  readonly freeSpace: (folder: string) => Promise<FreeSpace>;
  readonly minFreePercent: number;
  /** Whether an envoy has an open stream. */
  readonly isConnected: (envoyUuid: string) => boolean;
}

/** Files that an admin casts to the fleet: the server's own envoy seeds them, and every envoy fetches from many. */
export class FilecastService {
  readonly #options: FilecastServiceOptions;
  readonly #targets = new TargetDecision();
  readonly #awaited = new AwaitedCasts();
  #uploads = 0;

  constructor(options: FilecastServiceOptions) {
    this.#options = options;
    const { manifest, progress, now } = options;
    manifest.onChange((sha256) => {
      const entry = manifest.effective(sha256);
      if (!entry) return;
      this.#awaited.hear(entry, now());
      if (entry.state === "revoked") progress.noteRevoked(sha256);
      else progress.noteActive(sha256);
    });
  }

  /**
   * Hands a file to the server's own envoy. What can be refused is refused before a byte of the body is read.
   *
   * @param body is cancelled if the cast is refused.
   */
  async distribute(
    query: DistributeQuery,
    body: ReadableStream<Uint8Array>,
    principal: string,
  ): Promise<ServiceAnswer<Distributed>> {
    const unfit = await this.#judge(query);
    if (unfit) {
      await body.cancel();
      return unfit;
    }
    this.#uploads += 1;
    try {
      return await this.#receive(query, body, principal);
    } finally {
      this.#uploads -= 1;
    }
  }

  /** Every cast, newest first. */
  list(limit: number): { filecasts: Filecast[] } {
    const casts = [...this.#casts()].sort((one, other) => other.createdMs - one.createdMs);
    return { filecasts: casts.slice(0, limit).map((cast) => describe(cast, this.#hosts(cast))) };
  }

  /** @param sha a SHA-256, or a unique beginning of at least 8 digits. */
  show(sha: string): ServiceAnswer<Shown> {
    const found = this.#find(sha);
    if (!found.ok) return found;
    const hosts = this.#hosts(found.value);
    return answered({ filecast: describe(found.value, hosts), hosts });
  }

  /** Revokes a blob everywhere; connected envoys are told at once. */
  async revoke(
    sha: string,
    principal: string,
  ): Promise<ServiceAnswer<{ sha256: string; label: string }>> {
    const found = this.#find(sha);
    if (!found.ok) return found;
    const { sha256, label } = found.value;
    const { manifest, audit } = this.#options;
    const isSeeding = refused(
      409,
      `Cannot revoke ${sha256.slice(0, 12)}: it is being seeded. Try again in a moment`,
    );
    if (this.#awaited.has(sha256) || !manifest.effective(sha256)) return isSeeding;
    // First, since nobody takes it back once it is announced.
    await audit.record({ name: principal }, "swarm.revoke", { sha256, label });
    // The seeder would sign a cast that has come meanwhile after the revocation, and so undo it.
    if (this.#awaited.has(sha256) || !await manifest.revoke(sha256)) return isSeeding;
    return answered({ sha256, label });
  }

  /** Forgets revoked entries that every machine has had the time to hear of. */
  async purge(principal: string): Promise<Purged> {
    const { manifest, audit } = this.#options;
    const entries = await manifest.forgetRevoked(async (inside, { length }) => {
      await audit.recordInside(inside, { name: principal }, "swarm.purge", { forgotten: length });
    });
    const forgotten = entries.map(({ sha256, label }) => ({ sha256, label }));
    const kept = [...manifest.blobs()].filter(({ state }) => state === "revoked").length;
    return { forgotten, kept };
  }

  async #judge(
    { label, target, retention, sizeBytes }: DistributeQuery,
  ): Promise<Refused | undefined> {
    const { gates, index, serverHostname, seedFolder, freeSpace, minFreePercent } = this.#options;
    // The file that makes a seed of it is named after it, and is a file name too.
    if (!isLabel(label + SWARM_SUFFIX) || !isLabel(label) || label.endsWith(SWARM_SUFFIX)) {
      return refused(
        400,
        `Cannot cast as ${JSON.stringify(label)}: a label has 1 to ${
          MAX_LABEL_BYTES - SWARM_SUFFIX.length
        } bytes, no "/", no control character, no leading dot and no ending ".swarm"`,
      );
    }
    if (parseRetention(retention) === undefined) {
      return refused(400, `Cannot cast with retention "${retention}": use 0, <n>h or <n>d`);
    }
    try {
      parseTargetSpec(target);
    } catch (error) {
      if (!(error instanceof TargetSpecError)) throw error;
      return refused(400, error.message);
    }
    const own = gates.resolve(serverHostname);
    if (!own.seeder || !own.subsystems.payload) {
      return refused(
        409,
        `Cannot cast: "${serverHostname}" runs no filecasts. Set swarm.enabled and swarm.payload in server.yaml`,
      );
    }
    const origin = index.getActive(serverHostname);
    if (!origin) {
      return refused(409, `Cannot cast: the server's host is not enrolled as "${serverHostname}"`);
    }
    if (!this.#isReachable(origin)) {
      return refused(
        503,
        `Cannot cast: the agent of "${serverHostname}" is offline. Start it first`,
      );
    }
    if (this.#uploads >= MAX_UPLOADS) {
      return refused(
        429,
        `Cannot cast: ${MAX_UPLOADS} uploads are under way. Try again in a moment`,
      );
    }
    if (this.#targetsOf({ target }).length === 0) {
      return refused(
        409,
        `Cannot cast to ${JSON.stringify(target)}: it hits no envoy that runs filecasts. ` +
          "See what a spec hits with: vigocli envoys list --target SPEC",
      );
    }
    let space: FreeSpace;
    try {
      space = await freeSpace(seedFolder);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") {
        return refused(
          503,
          `Cannot cast: the agent of "${serverHostname}" is online, but "${seedFolder}" is not there. ` +
            `That agent must run with the server's own --root, "${dirname(seedFolder)}"; ` +
            "if it was started just now, try again in a moment",
        );
      }
      const reason = error instanceof Error ? error.message : String(error);
      return refused(503, `Cannot cast: the seed folder "${seedFolder}" cannot be used: ${reason}`);
    }
    const full = judgeFreeSpace(space, sizeBytes, minFreePercent);
    return full === undefined ? undefined : refused(507, `Cannot cast: ${full} in "${seedFolder}"`);
  }

  async #receive(
    { label, target, retention, sizeBytes }: DistributeQuery,
    body: ReadableStream<Uint8Array>,
    principal: string,
  ): Promise<ServiceAnswer<Distributed>> {
    const { seedFolder: folder, serverHostname, audit, now, logger } = this.#options;
    const manifest = { target, retention };
    let received;
    let former: ManifestEntry | undefined;
    let isOwn = false;
    try {
      received = await receiveSeed({
        folder,
        label,
        sizeBytes,
        manifest,
        body,
        beforeSeeding: async (sha256) => {
          await audit.record({ name: principal }, "swarm.distribute", {
            sha256,
            label,
            target,
            retention,
            sizeBytes,
          });
        },
      });
      if (received.ok) former = this.#options.manifest.effective(received.sha256);
      isOwn = former?.origin.toLowerCase() === serverHostname.toLowerCase();
      // Two labels of one blob would take turns at being its entry.
      if (former && isOwn && former.label !== label) await withdrawSeed(folder, former.label);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn("Cannot receive {label}: {reason}", { label, reason });
      return refused(503, `Cannot cast "${label}": ${reason}`);
    }
    if (!received.ok) return refused(400, `Cannot cast "${label}": ${received.reason}`);
    const { sha256 } = received;
    const cast: Cast = {
      sha256,
      label,
      target,
      sizeBytes,
      retentionSecs: parseRetention(retention) ?? 0,
      origin: serverHostname.toLowerCase(),
      createdMs: former?.state === "active" ? former.createdMs : now(),
      state: "active",
      chunkSizeBytes: DEFAULT_CHUNK_BYTES,
    };
    this.#awaited.add(cast, former, now());
    return answered({
      sha256,
      label,
      sizeBytes,
      targets: this.#targetsOf(cast).map(({ record }) => record.hostname),
      former: former?.state === "active" ? describeFormer(former, isOwn) : null,
    });
  }

  #isReachable(origin: EnvoyState): boolean {
    const { isConnected, now } = this.#options;
    return isConnected(origin.record.uuid) || origin.isOnline(now());
  }

  *#casts(): Generator<Cast> {
    for (const entry of this.#options.manifest.blobs()) {
      this.#awaited.hear(entry, this.#options.now());
      if (!this.#awaited.has(entry.sha256)) yield entry;
    }
    yield* this.#awaited.casts();
  }

  #find(sha: string): ServiceAnswer<Cast> {
    if (!/^[0-9a-f]{8,64}$/.test(sha)) {
      return refused(
        400,
        `Cannot look up ${JSON.stringify(sha)}: give a SHA-256 or at least 8 digits of it`,
      );
    }
    const found = [...this.#casts()].filter(({ sha256 }) => sha256.startsWith(sha));
    const [cast] = found;
    if (!cast) return refused(404, `No filecast begins with "${sha}"`);
    if (found.length > 1) {
      return refused(409, `${found.length} filecasts begin with "${sha}": give more digits`);
    }
    return answered(cast);
  }

  /** Envoys that the cast is for, by hostname. */
  #targetsOf({ target }: Pick<Cast, "target">): EnvoyState[] {
    const { index, gates } = this.#options;
    return [...index.states()]
      .filter(({ record, traits }) =>
        gates.resolve(record.hostname).subsystems.payload &&
        this.#targets.isTarget(target, {
          hostname: record.hostname,
          uuid: record.uuid,
          tags: record.tags,
          traits: traits.merged(),
        })
      )
      .sort((one, other) => one.record.hostname < other.record.hostname ? -1 : 1);
  }

  /** A row for the origin and for every target, then one for whoever else has the blob. */
  #hosts(cast: Cast): FilecastHost[] {
    const { index, progress, manifest } = this.#options;
    const isAwaited = this.#awaited.has(cast.sha256);
    // Whoever signed the entry has the file, whether its progress was heard since this process started or not.
    const isSeeded = !isAwaited && manifest.effective(cast.sha256)?.state === "active";
    const chunksTotal = Math.max(1, Math.ceil(cast.sizeBytes / cast.chunkSizeBytes));
    const row = (state: EnvoyState): FilecastHost => {
      const { hostname, uuid } = state.record;
      const assumed = unheard(cast, chunksTotal, hostname === cast.origin, isSeeded);
      // What was heard so far is about the entry that the awaited one replaces.
      const known = isAwaited ? undefined : progress.get(uuid, cast.sha256);
      return { hostname, ...judgeProgress(cast, known, assumed) };
    };
    const first = new Set(this.#targetsOf(cast));
    const origin = isSeeded ? index.getActive(cast.origin) : undefined;
    if (origin) first.add(origin);
    const others = [...index.states()].filter((state) => {
      const known = progress.get(state.record.uuid, cast.sha256);
      if (isAwaited || first.has(state) || !known) return false;
      return cast.state === "revoked" || known.status === "complete";
    });
    return [[...first].map(row), others.map(row)].flatMap((rows) =>
      rows.sort((one, other) => one.hostname < other.hostname ? -1 : 1)
    );
  }
}

function describeFormer(
  { label, target, retentionSecs, origin }: ManifestEntry,
  replaced: boolean,
): Distributed["former"] {
  return { label, target, retentionSecs, origin, replaced };
}

/** What is assumed of an envoy that has said nothing about a blob. */
function unheard(
  { state }: Cast,
  chunksTotal: number,
  isOrigin: boolean,
  isSeeded: boolean,
): BlobState {
  const isComplete = isOrigin && isSeeded;
  const silent = state === "revoked" ? "revoking" : "pending";
  return {
    status: isComplete ? "complete" : silent,
    chunksHave: isComplete ? chunksTotal : 0,
    chunksTotal,
    skipReason: "",
    sources: {},
    origin: isOrigin,
  };
}

function judgeProgress(cast: Cast, known: BlobState | undefined, assumed: BlobState): BlobState {
  if (!known) return assumed;
  const isRevocation = known.status === "revoked" || known.status === "revoking";
  // An envoy that still speaks of the revocation has not heard that the blob was cast again.
  if (cast.state === "active") return isRevocation ? assumed : known;
  return known.status === "revoked" ? known : { ...known, status: "revoking" };
}

function describe(cast: Cast, hosts: readonly FilecastHost[]): Filecast {
  const count = (status: FilecastHost["status"]) =>
    hosts.filter((host) => host.status === status).length;
  return {
    sha256: cast.sha256,
    label: cast.label,
    sizeBytes: cast.sizeBytes,
    chunks: Math.max(1, Math.ceil(cast.sizeBytes / cast.chunkSizeBytes)),
    target: cast.target,
    retentionSecs: cast.retentionSecs,
    origin: cast.origin,
    state: cast.state,
    createdAtMs: cast.createdMs,
    complete: count("complete"),
    downloading: count("downloading"),
    pending: count("pending"),
    skipped: count("skipped"),
  };
}
