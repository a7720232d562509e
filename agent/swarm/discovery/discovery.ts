import {
  ANNOUNCE_PORT,
  type Announcement,
  encodeAnnouncements,
} from "../../../shared/swarm/announce_line.ts";
import { type AnnounceFacts, type Announcer, MAX_DATAGRAMS_PER_INTERVAL } from "./announcer.ts";
import type { EngineLog } from "../runtime/engine_log.ts";
import type { PeerEndpoint } from "../peers/peer_registry.ts";
import { HeardBook } from "./heard_book.ts";
import { type AnnounceInterface, type LinkState, Multicast } from "./multicast.ts";
import { pause, type TaskScope } from "../runtime/task_scope.ts";

/** Pauses before a failed announcer is started again. */
const FIRST_RESTART_MS = 1000;
const MAX_RESTART_MS = 60_000;
/** How soon a hastened announcement is noticed at the latest. */
const TICK_MS = 200;
/** How often the group is joined again, where an interface failed or went and came back. */
const REJOIN_MS = 10_000;

export interface DiscoveryOptions {
  readonly instance: string;
  readonly announcer: Announcer;
  readonly scope: TaskScope;
  /** Port of the peer server. */
  readonly port: number;
  readonly discoveryPort?: number | undefined;
  /** What is announced in place of the address that a datagram leaves from. */
  readonly announced?: PeerEndpoint | undefined;
  readonly facts: () => AnnounceFacts;
  readonly onAnnouncement: (announcement: Announcement, sourceAddress: string) => void;
  readonly log: EngineLog;
}

export interface DiscoveryState {
  readonly state: "off" | "running" | "failed";
  /** Addresses of the interfaces where the group is joined. */
  readonly interfaces: readonly string[];
  readonly problem?: string;
}

/** What is known of every interface, for whoever looks for what is in the way. */
export interface DiscoveryDetails {
  /** Since when the group is heard, ms; absent while it is not. */
  readonly sinceMs?: number;
  readonly links: readonly LinkState[];
}

/** Announces this envoy on the LAN and hears others; comes back by itself when it fails. */
export class Discovery {
  readonly heard = new HeardBook();
  readonly #options: DiscoveryOptions;
  #interfaces: readonly AnnounceInterface[] = [];
  #failed: DiscoveryState | undefined;
  #multicast: Multicast | undefined;
  #sinceMs: number | undefined;
  #changed = new AbortController();

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  get state(): DiscoveryState {
    if (!this.#multicast) return this.#failed ?? { state: "off", interfaces: [] };
    const { links } = this.#multicast;
    const problems = links.flatMap(({ name, problem }) => problem ? [`${name}: ${problem}`] : []);
    return {
      state: "running",
      interfaces: links.flatMap(({ address, joined }) => joined ? [address] : []),
      ...(problems.length > 0 ? { problem: problems.join("; ") } : {}),
    };
  }

  get details(): DiscoveryDetails {
    const idle = this.#interfaces.map(({ name, address }) => ({ name, address, joined: false }));
    return {
      ...(this.#sinceMs === undefined ? {} : { sinceMs: this.#sinceMs }),
      links: this.#multicast?.links ?? idle,
    };
  }

  /** The interfaces to use from now on. */
  setInterfaces(interfaces: readonly AnnounceInterface[]): void {
    if (JSON.stringify(interfaces) === JSON.stringify(this.#interfaces)) return;
    this.#interfaces = interfaces;
    this.#changed.abort();
  }

  start(): void {
    const { scope, log } = this.#options;
    let failures = 0;
    scope.run("multicast announcer", async (signal) => {
      while (!signal.aborted) {
        this.#changed = new AbortController();
        const session = AbortSignal.any([signal, this.#changed.signal]);
        if (this.#interfaces.length === 0) {
          this.#failed = undefined;
          await pause(MAX_RESTART_MS, session);
          continue;
        }
        const problem = await this.#run(session, () => {
          failures = 0;
        });
        if (session.aborted) continue;
        this.#failed = { state: "failed", interfaces: [], problem };
        const restartMs = Math.min(MAX_RESTART_MS, FIRST_RESTART_MS * 2 ** failures);
        failures += 1;
        log("error", "multicast announcer exited", { reason: problem, restartMs });
        await pause(restartMs, session);
      }
    });
  }

  /** Runs until it fails or the signal is raised; answers why it ended. */
  async #run(signal: AbortSignal, onStarted: () => void): Promise<string> {
    const { log } = this.#options;
    const failed = new AbortController();
    let reason = "stopped";
    let multicast: Multicast;
    try {
      multicast = await Multicast.open({
        port: this.#options.discoveryPort ?? ANNOUNCE_PORT,
        interfaces: this.#interfaces,
        onAnnouncement: (announcement, source) => this.#hear(announcement, source),
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
    this.#multicast = multicast;
    this.#sinceMs = Date.now();
    log("info", "multicast announcer started", { interfaces: this.state.interfaces });
    this.#options.announcer.noteChange(Date.now());
    try {
      await this.#announce(multicast, AbortSignal.any([signal, failed.signal]));
    } finally {
      this.#multicast = undefined;
      this.#sinceMs = undefined;
      multicast.close();
    }
    return reason;
  }

  async #announce(multicast: Multicast, ended: AbortSignal): Promise<void> {
    const { announced, announcer, facts, instance, port } = this.#options;
    let rejoinMs = Date.now() + REJOIN_MS;
    while (!ended.aborted) {
      const nowMs = Date.now();
      // Collecting the facts goes over all that is held: only when there is something to say.
      const lines = announcer.dueMs <= nowMs ? announcer.take(nowMs, facts()) : undefined;
      for (const address of lines ? multicast.spokenFrom : []) {
        const addr = { kind: "addr" as const, ...announced ?? { address, port } };
        const announcement = { instance, lines: [addr, ...lines ?? []] };
        for (const datagram of encodeAnnouncements(announcement, MAX_DATAGRAMS_PER_INTERVAL)) {
          await multicast.send(address, datagram);
        }
      }
      if (Date.now() >= rejoinMs) {
        await multicast.join();
        rejoinMs = Date.now() + REJOIN_MS;
      }
      await pause(Math.min(TICK_MS, Math.max(10, announcer.dueMs - Date.now())), ended);
    }
  }

  #hear(announcement: Announcement, source: string): void {
    const { instance, onAnnouncement } = this.#options;
    if (announcement.instance === instance) return this.heard.noteOwn(source, Date.now());
    const port = announcement.lines.find((line) => line.kind === "addr")?.port;
    this.heard.note(source, port, Date.now());
    onAnnouncement(announcement, source);
  }
}
