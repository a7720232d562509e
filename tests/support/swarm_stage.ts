import { Buffer } from "node:buffer";
import { getLogger } from "@logtape/logtape";
import { Admission } from "../../server/api/admission.ts";
import { createApi } from "../../server/api/create_api.ts";
import { fleetRoutes } from "../../server/api/fleet_routes.ts";
import { HealthChecks } from "../../server/api/health.ts";
import { type HttpsListener, startHttpsListener } from "../../server/api/https_listener.ts";
import { Metrics } from "../../server/api/metrics.ts";
import { RequestBudgets } from "../../server/api/request_budgets.ts";
import type { RouteTable } from "../../server/api/route.ts";
import { swarmPictureRoutes } from "../../server/api/swarm_picture_routes.ts";
import { swarmRoutes } from "../../server/api/swarm_routes.ts";
import { LOCAL_ROOT } from "../../server/service/principal.ts";
import type { EnvoyState } from "../../server/fleet/envoy_state.ts";
import { webInterface } from "../../server/ui/mount_ui.ts";
import type { Sha256 } from "../../shared/crypto/sha256.ts";
import type { BlobProgress } from "../../shared/proto/agent.ts";
import { connected, entryOf } from "./filecast_fixture.ts";
import { SimulatedFleet } from "./simulated_fleet.ts";

const MIB = 1024 * 1024;

/** What one envoy of the stage says of one blob. */
export interface StagedProgress {
  readonly sha256: string;
  readonly status: BlobProgress["status"];
  /** A byte for each chunk, as in `ChunkMap`. */
  readonly chunks: Uint8Array;
  readonly sources: readonly string[];
  readonly completedAtMs?: number;
}

/**
 * A server with its web pages of the swarm and as many envoys as wanted, whose reports are handed to it in this process:
 * what is looked at is what the pages make of a thousand of them. Whoever opens a page is local root.
 */
export class SwarmStage implements AsyncDisposable {
  readonly #server: SimulatedFleet;
  readonly #listener: HttpsListener;
  readonly #release: () => void;
  readonly envoys: readonly EnvoyState[];

  private constructor(parts: {
    server: SimulatedFleet;
    listener: HttpsListener;
    release: () => void;
    envoys: readonly EnvoyState[];
  }) {
    this.#server = parts.server;
    this.#listener = parts.listener;
    this.#release = parts.release;
    this.envoys = parts.envoys;
  }

  /**
   * @param hostnames of the envoys beside the origin, `vigo-1`.
   * @param casts blobs that the origin casts to all.
   */
  static async open(
    hostnames: readonly { readonly hostname: string; readonly tags?: Record<string, string> }[],
    casts: readonly { readonly sha256: Sha256; readonly label: string; readonly chunks: number }[],
  ): Promise<SwarmStage> {
    const server = await SimulatedFleet.start();
    const { fleet, store, authority } = server;
    const { index, manifest } = fleet;
    const origin = await connected(server, "vigo-1");
    const nowMs = Date.now();
    const from = index.getActive("vigo-1");
    if (!from) throw new Error("the origin is not enrolled");
    for (const { hostname, tags = {} } of hostnames) {
      const state = index.put({ ...from.record, uuid: crypto.randomUUID(), hostname, tags });
      state.reported = { ...from.reported, lastSeenMs: nowMs } as typeof state.reported;
    }
    await manifest.receive(
      casts.map(({ sha256, label, chunks }) =>
        Buffer.from(JSON.stringify(
          entryOf(origin.signer, { sha256, label, target: "*", sizeBytes: chunks * MIB }),
        ))
      ),
      from,
    );
    const views = { index, minutes: store.minutes, now: Date.now };
    const routes = {
      ...swarmRoutes(fleet),
      ...swarmPictureRoutes(fleet.pictures),
      ...fleetRoutes(views),
    } as Partial<RouteTable> as RouteTable;
    const logger = getLogger("test");
    const admission = new Admission(
      () => ({ ok: true, principal: LOCAL_ROOT }),
      new RequestBudgets(Date.now),
    );
    const app = createApi({
      routes,
      admission,
      pages: webInterface({ routes, admission, now: Date.now, logger }),
      health: new HealthChecks([], () => [], Date.now),
      metrics: new Metrics(
        {
          fleet: () => [],
          sessions: () => 0,
          checkIns: () => ({}),
          secrets: () => ({}),
          databaseBytes: () => 0,
        } as unknown as ConstructorParameters<typeof Metrics>[0],
      ),
      version: "0",
      logger,
    });
    const listener = await startHttpsListener({
      hostname: "127.0.0.1",
      port: 0,
      identity: authority.serverIdentity,
      ca: authority.caCertificate,
      app,
      onRefused: () => {},
    });
    const envoys = hostnames.flatMap(({ hostname }) => index.getActive(hostname) ?? []);
    return new SwarmStage({ server, listener, envoys, release: () => origin[Symbol.dispose]() });
  }

  get url(): string {
    return `https://127.0.0.1:${this.#listener.port}`;
  }

  get fleet(): SimulatedFleet["fleet"] {
    return this.#server.fleet;
  }

  get store(): SimulatedFleet["store"] {
    return this.#server.store;
  }

  /** An envoy reports all that it has. */
  report(envoy: EnvoyState, blobs: readonly StagedProgress[]): void {
    this.fleet.progress.receive({
      problems: [],
      blobs: blobs.map(({ sha256, status, chunks, sources, completedAtMs }) => {
        const counts: Record<string, number> = {};
        let chunksHave = 0;
        for (const place of chunks) {
          const source = sources[place - 1];
          if (place === 0 || source === undefined) continue;
          chunksHave += 1;
          counts[source] = (counts[source] ?? 0) + 1;
        }
        return {
          sha256,
          status,
          chunksHave,
          chunksTotal: chunks.length,
          skipReason: status === "skipped" ? "insufficient disk space" : "",
          sources: counts,
          origin: false,
          chunkMap: { chunks: Buffer.from(chunks), sources: [...sources] },
          ...(completedAtMs === undefined ? {} : { completedAtMs }),
        };
      }),
    }, envoy);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#release();
    await this.#listener.stop();
    await this.#server[Symbol.asyncDispose]();
  }
}
