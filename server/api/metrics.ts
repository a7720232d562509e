import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { QueueTotals } from "../poolq/topic_book.ts";

/** Numbers that are read when somebody asks for them. */
export interface MetricSources {
  /** Envoys by what they are now. */
  fleet(): { readonly active: number; readonly online: number; readonly suspectedClones: number };
  /** Open streams of agents. */
  sessions(): number;
  /** Check-ins since the start, by how they ended. */
  checkIns(): Readonly<Record<string, number>>;
  /** Secrets that envoys asked for since the start, by what came of it. */
  secrets(): Readonly<Record<string, number>>;
  /** What is kept of all queues, what of them is blocked, and in how many a key has signed two messages for one place. */
  queues(): QueueTotals & { readonly blockedTopics: number; readonly blockedKeys: number };
  /** NaN while it cannot be told. */
  databaseBytes(): number | Promise<number>;
}

/** Bounds of request and delay histograms, in seconds: from a request served from memory to a fleet-wide diff. */
const SECONDS_BUCKETS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10];

/** What the server tells Prometheus. No label holds a host, a path or a name, so the number of series is fixed. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = new Counter({
    name: "vigo_http_requests_total",
    help: "REST requests answered, by method and status",
    labelNames: ["method", "status"],
    registers: [this.#registry],
  });
  readonly #requestSeconds = new Histogram({
    name: "vigo_http_request_seconds",
    help: "Time to answer a REST request",
    buckets: SECONDS_BUCKETS,
    registers: [this.#registry],
  });
  readonly #connectionsRefused = new Counter({
    name: "vigo_http_connections_refused_total",
    help: "REST requests turned away because too many connections were open",
    registers: [this.#registry],
  });
  readonly #loopDelay = new Histogram({
    name: "vigo_event_loop_delay_seconds",
    help: "How late a timer of the server's thread fired",
    buckets: SECONDS_BUCKETS,
    registers: [this.#registry],
  });

  constructor(sources: MetricSources) {
    const registers = [this.#registry];
    new Gauge({
      name: "vigo_envoys",
      help: "Envoys by state",
      labelNames: ["state"],
      registers,
      collect() {
        const { active, online, suspectedClones } = sources.fleet();
        this.set({ state: "active" }, active);
        this.set({ state: "online" }, online);
        this.set({ state: "suspected_clone" }, suspectedClones);
      },
    });
    new Gauge({
      name: "vigo_agent_sessions",
      help: "Open streams of agents",
      registers,
      collect() {
        this.set(sources.sessions());
      },
    });
    new Counter({
      name: "vigo_checkins_total",
      help: "Check-ins by how they ended",
      labelNames: ["result"],
      registers,
      collect() {
        this.reset();
        for (const [result, count] of Object.entries(sources.checkIns())) {
          this.inc({ result }, count);
        }
      },
    });
    new Counter({
      name: "vigo_secrets_asked_total",
      help: "Secrets that envoys asked for, by what came of it",
      labelNames: ["result"],
      registers,
      collect() {
        this.reset();
        for (const [result, count] of Object.entries(sources.secrets())) {
          this.inc({ result }, count);
        }
      },
    });
    const queues: readonly (readonly [keyof QueueTotals, string])[] = [
      ["topics", "Topics of queues, also those whose messages have all aged out"],
      ["messages", "Messages of queues that are kept"],
      ["bytes", "Size of the messages of queues that are kept"],
      [
        "equivocations",
        "Topics that take nothing more, since a key signed two messages for one place",
      ],
    ];
    for (const [what, help] of queues) {
      new Gauge({
        name: `vigo_poolq_${what}`,
        help,
        registers,
        collect() {
          this.set(sources.queues()[what]);
        },
      });
    }
    new Gauge({
      name: "vigo_poolq_blocked",
      help: "Topics of queues, and keys, that an administrator has blocked",
      labelNames: ["kind"],
      registers,
      collect() {
        const { blockedTopics, blockedKeys } = sources.queues();
        this.set({ kind: "topic" }, blockedTopics);
        this.set({ kind: "key" }, blockedKeys);
      },
    });
    new Gauge({
      name: "vigo_database_bytes",
      help: "Size of the database with its write-ahead log",
      registers,
      async collect() {
        this.set(await sources.databaseBytes());
      },
    });
    new Gauge({
      name: "vigo_resident_memory_bytes",
      help: "Resident memory of the process",
      registers,
      collect() {
        this.set(Deno.memoryUsage().rss);
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Every metric in the text format of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  requestAnswered(method: string, status: number, durationMs: number): void {
    this.#requests.inc({ method: KNOWN_METHODS.has(method) ? method : "other", status });
    this.#requestSeconds.observe(durationMs / 1000);
  }

  connectionRefused(): void {
    this.#connectionsRefused.inc();
  }

  loopDelayed(delayMs: number): void {
    this.#loopDelay.observe(delayMs / 1000);
  }
}

/** A caller may send any method, and each would be a series of its own. */
const KNOWN_METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
