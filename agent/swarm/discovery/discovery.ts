import {
  ANNOUNCE_PORT,
  type Announcement,
  encodeAnnouncements,
  parseEndpoint,
} from "../../../shared/swarm/announce_line.ts";
import type { AnnounceFacts, Announcer } from "./announcer.ts";
import type { EngineLog } from "../engine/engine_log.ts";
import { Multicast } from "./multicast.ts";
import { pause, type TaskScope } from "../engine/task_scope.ts";

/** Datagrams in one announcement per interface. */
const MAX_DATAGRAMS = 4;
/** Pauses before a failed announcer is started again. */
const FIRST_RESTART_MS = 1000;
const MAX_RESTART_MS = 60_000;
/** How soon a hastened announcement is noticed at the latest. */
const TICK_MS = 200;

export interface DiscoveryOptions {
  readonly instance: string;
  readonly announcer: Announcer;
  readonly scope: TaskScope;
  /** Port of the peer server. */
  readonly port: number;
  readonly discoveryPort?: number | undefined;
  readonly announceAddress?: string | undefined;
  readonly facts: () => AnnounceFacts;
  readonly onAnnouncement: (announcement: Announcement, sourceAddress: string) => void;
  readonly log: EngineLog;
}

export interface DiscoveryState {
  readonly state: "off" | "running" | "failed";
  readonly interfaces: readonly string[];
  readonly problem?: string;
}

/** Announces this envoy on the LAN and hears others; comes back by itself when it fails. */
export class Discovery {
  readonly #options: DiscoveryOptions;
  #addresses: readonly string[] = [];
  #state: DiscoveryState = { state: "off", interfaces: [] };
  #changed = new AbortController();

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  get state(): DiscoveryState {
    return this.#state;
  }

  /** The interfaces to use from now on, by address. */
  setAddresses(addresses: readonly string[]): void {
    if (addresses.join() === this.#addresses.join()) return;
    this.#addresses = addresses;
    this.#changed.abort();
  }

  start(): void {
    const { scope, log } = this.#options;
    let failures = 0;
    scope.run("multicast announcer", async (signal) => {
      while (!signal.aborted) {
        this.#changed = new AbortController();
        const session = AbortSignal.any([signal, this.#changed.signal]);
        if (this.#addresses.length === 0) {
          this.#state = { state: "off", interfaces: [] };
          await pause(MAX_RESTART_MS, session);
          continue;
        }
        const problem = await this.#run(session, () => {
          failures = 0;
        });
        if (session.aborted) continue;
        this.#state = { state: "failed", interfaces: [], problem };
        const restartMs = Math.min(MAX_RESTART_MS, FIRST_RESTART_MS * 2 ** failures);
        failures += 1;
        log("error", "multicast announcer exited", { reason: problem, restartMs });
        await pause(restartMs, session);
      }
    });
  }

  /** Runs until it fails or the signal is raised; answers why it ended. */
  async #run(signal: AbortSignal, onStarted: () => void): Promise<string> {
    const { announcer, facts, instance, log } = this.#options;
    const failed = new AbortController();
    let reason = "stopped";
    let multicast: Multicast;
    try {
      multicast = await Multicast.open({
        port: this.#options.discoveryPort ?? ANNOUNCE_PORT,
        addresses: this.#addresses,
        onAnnouncement: this.#options.onAnnouncement,
        onFailure: (problem) => {
          reason = problem;
          failed.abort();
        },
        log,
      });
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    onStarted();
    this.#state = { state: "running", interfaces: multicast.addresses };
    log("info", "multicast announcer started", { interfaces: multicast.addresses });
    announcer.noteChange(Date.now());
    const ended = AbortSignal.any([signal, failed.signal]);
    while (!ended.aborted) {
      const lines = announcer.take(Date.now(), facts());
      for (const address of lines ? multicast.addresses : []) {
        const addr = { kind: "addr" as const, ...this.#announced(address) };
        const announcement = { instance, lines: [addr, ...lines ?? []] };
        for (const datagram of encodeAnnouncements(announcement, MAX_DATAGRAMS)) {
          await multicast.send(address, datagram);
        }
      }
      await pause(Math.min(TICK_MS, Math.max(10, announcer.dueMs - Date.now())), ended);
    }
    multicast.close();
    return reason;
  }

  #announced(address: string): { readonly address: string; readonly port: number } {
    const { announceAddress, port } = this.#options;
    if (announceAddress === undefined) return { address, port };
    const named = announceAddress.includes(":") ? announceAddress : `${announceAddress}:${port}`;
    return parseEndpoint(named) ?? { address, port };
  }
}
