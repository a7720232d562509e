import { dirname } from "node:path";
import type { z } from "zod";
import type { Logger } from "../../shared/platform/logging.ts";
import type {
  Filecast,
  filecastDistribute,
  filecastPurge,
  filecastShow,
} from "../../shared/rest/swarm.ts";
import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import { parseRetention } from "../../shared/swarm/retention.ts";
import type { AuditLog } from "../audit/audit_log.ts";
import type { EnvoyState } from "../fleet/envoy_state.ts";
import type { FleetIndex } from "../fleet/fleet_index.ts";
import { answered, type Refused, refused, type ServiceAnswer } from "../service/service_answer.ts";
import { AwaitedCasts, type Cast } from "./awaited_casts.ts";
import { CastRows, describeCast } from "./cast_rows.ts";
import { judgeCastQuery } from "./judge_cast_query.ts";
import { type FreeSpace, judgeFreeSpace } from "./free_space.ts";
import type { ManifestStore } from "./manifest_store.ts";
import type { ProgressTracker } from "./progress_tracker.ts";
import { receiveSeed, withdrawSeed } from "./seed_upload.ts";
import type { SwarmGates } from "./swarm_gates.ts";

/** Uploads taken at a time: each is hashed at full speed, and the machine has other work. */
const MAX_UPLOADS = 4;
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
  readonly #awaited = new AwaitedCasts();
  readonly #rows: CastRows;
  #uploads = 0;

  constructor(options: FilecastServiceOptions) {
    this.#options = options;
    const { index, manifest, progress, gates, now } = options;
    this.#rows = new CastRows({ index, manifest, progress, gates, awaited: this.#awaited });
    manifest.onChange((sha256) => {
      const entry = manifest.effective(sha256);
      if (!entry) return;
      const nowMs = now();
      if (this.#awaited.takeCalledOff(entry, nowMs)) return this.#revokeLate(entry);
      this.#awaited.hear(entry, nowMs);
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
    return {
      filecasts: casts.slice(0, limit).map((cast) => describeCast(cast, this.#rows.of(cast))),
    };
  }

  /** @param sha a SHA-256, or a unique beginning of at least 8 digits. */
  show(sha: string): ServiceAnswer<Shown> {
    const found = this.#find(sha);
    if (!found.ok) return found;
    const hosts = this.#rows.of(found.value);
    return answered({ filecast: describeCast(found.value, hosts), hosts });
  }

  /** Revokes a blob everywhere; connected envoys are told at once. A newer cast of it that is still awaited is called off. */
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
    // There is no entry yet that could be taken back.
    if (!manifest.effective(sha256)) return isSeeding;
    // First, since nobody takes it back once it is announced.
    await audit.record({ name: principal }, "swarm.revoke", { sha256, label });
    // The seeder may sign it after the revocation, and so undo it.
    this.#awaited.callOff(sha256);
    if (!await manifest.revoke(sha256)) return isSeeding;
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

  /** The seeder had not heard of the revocation when it signed a cast that was called off. */
  #revokeLate({ sha256, label }: ManifestEntry): void {
    const { manifest, logger } = this.#options;
    logger.info("Revoking {label} ({sha256}): it was called off before it came", { label, sha256 });
    manifest.revoke(sha256).catch((error) => {
      logger.error("Cannot revoke {label} ({sha256}): {reason}. Revoke it again", {
        label,
        sha256,
        reason: error instanceof Error ? error.message : String(error),
      });
    });
  }

  async #judge(query: DistributeQuery): Promise<Refused | undefined> {
    const { target, sizeBytes } = query;
    const { gates, index, serverHostname, seedFolder, freeSpace, minFreePercent } = this.#options;
    const unreadable = judgeCastQuery(query);
    if (unreadable) return unreadable;
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
    if (this.#rows.targetsOf({ target }).length === 0) {
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
      targets: this.#rows.targetsOf(cast).map(({ record }) => record.hostname),
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
}

function describeFormer(
  { label, target, retentionSecs, origin }: ManifestEntry,
  replaced: boolean,
): Distributed["former"] {
  return { label, target, retentionSecs, origin, replaced };
}
