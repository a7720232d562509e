import { z } from "zod";
import { isSha256 } from "../../shared/crypto/sha256.ts";
import { MAX_HINT_BYTES, MAX_HINT_MESSAGES, MAX_RANGE_BYTES } from "../../shared/poolq/limits.ts";
import { bodySizeBytes, type Message, messageLine } from "../../shared/poolq/message.ts";
import { EXIT_CODE, type ExitCode } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { callDaemon, DaemonRefusedError, DaemonUnreachableError } from "../local/local_client.ts";

const hex32 = z.string().refine(isSha256);
const seq = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** As many as are asked for a head, and more. */
const MAX_APPOINTMENTS = 64;

const headSchema = z.looseObject({
  topicId: hex32,
  name: z.string().max(64),
  founder: hex32,
  firstSeq: seq,
  headSeq: seq,
  headId: z.union([hex32, z.literal("")]),
  count: seq,
  /** Hostname; for people, since nothing proves it. */
  writer: z.string().max(253),
  /** Who writes the topic, as those say who were asked; one of them counts if the topic's own puddle signed it. */
  appointments: z.array(z.unknown()).max(MAX_APPOINTMENTS).optional(),
  blocked: z.boolean(),
});

/**
 * What this envoy has heard of a topic. A claim: it says what may be asked for, and only the messages prove anything.
 */
export type FleetHead = z.infer<typeof headSchema>;

const topicsSchema = z.looseObject({ source: z.string(), topics: z.array(headSchema) });
export type FleetTopics = z.infer<typeof topicsSchema>;

const rangeSchema = headSchema.extend({
  source: z.string(),
  /** Not verified yet. */
  messages: z.array(z.record(z.string(), z.unknown())),
  delegations: z.array(z.unknown()),
  /** That somebody signed two histories, if the daemon knows so. */
  equivocation: z.object({
    seq,
    ids: z.tuple([z.string().max(64), z.string().max(64)]),
    author: z.string().max(128),
  }).nullable().default(null),
});

export type FleetRange = z.infer<typeof rangeSchema>;

const limitsSchema = z.looseObject({
  hostname: z.string().min(1).max(253),
  /** The daemon's clock, corrected by the server's, in ms since 1970. */
  nowMs: z.number().int(),
  isGateOpen: z.boolean(),
  maxMsgBytes: z.number().int().min(0),
  retentionSecs: z.number().int().min(0),
});

const hostSchema = z.looseObject({ enrolled: z.boolean().nullable() });

export type FleetLimits = z.infer<typeof limitsSchema>;

/** Which part of a topic is wanted. */
export interface RangeWanted {
  readonly from: number;
  readonly limit: number;
  /** How long the daemon may wait for the first message, in s. */
  readonly waitSecs?: number;
}

/** What the rest of the fleet has of the queues, as the daemon of this machine tells it. */
export interface FleetView {
  /** `undefined` if no daemon answers. */
  limits(): Promise<FleetLimits | undefined>;
  /** `undefined` if nobody knows the topic, or no daemon answers. */
  findHead(topicId: string): Promise<FleetHead | undefined>;
  /** @throws {UserError} if no daemon answers. */
  topics(): Promise<FleetTopics>;
  /** `undefined` if nobody knows the topic. @throws {UserError} if no daemon answers, or the topic is blocked. */
  range(topicId: string, wanted: RangeWanted): Promise<FleetRange | undefined>;
  /** Whether an envoy of this name is enrolled; `undefined` if nobody can say so, or no daemon answers. */
  isEnrolled(host: string): Promise<boolean | undefined>;
  /**
   * Tells the daemon that something was posted, and what if it is little. Whether it hears is of no importance: it looks by
   * itself, later.
   */
  hint(user: string, messages?: readonly Message[]): Promise<void>;
}

/** What a refusal means for the command: not permitted, or to be tried again. */
const EXIT_CODES: Readonly<Record<number, ExitCode>> = {
  403: EXIT_CODE.notPermitted,
  429: EXIT_CODE.unreachable,
  503: EXIT_CODE.unreachable,
};

/** An answer may have as many bytes of messages as a range, and JSON around them. */
const MAX_ANSWER_LENGTH = 2 * MAX_RANGE_BYTES;
/** What a hint has beside its messages. */
const HINT_ROOM_BYTES = 1_024;
/** How long a hint may wait for a daemon that is busy. */
const HINT_DEADLINE_MS = 2_000;

/** Asks the daemon behind `socketPath`. */
export class DaemonView implements FleetView {
  constructor(private readonly socketPath: string, private readonly signal: AbortSignal) {}

  async limits(): Promise<FleetLimits | undefined> {
    return await this.#unlessAway(() => this.#get("/poolq/v1/limits", limitsSchema));
  }

  async findHead(topicId: string): Promise<FleetHead | undefined> {
    const path = `/poolq/v1/topics/${topicId}/head`;
    return await this.#unlessAway(() => this.#unlessUnknown(() => this.#get(path, headSchema)));
  }

  topics(): Promise<FleetTopics> {
    return this.#get("/poolq/v1/topics", topicsSchema);
  }

  range(topicId: string, { from, limit, waitSecs }: RangeWanted): Promise<FleetRange | undefined> {
    const wait = waitSecs === undefined ? "" : `&wait=${waitSecs}`;
    const path = `/poolq/v1/topics/${topicId}/range?from=${from}&limit=${limit}${wait}`;
    return this.#unlessUnknown(() => this.#get(path, rangeSchema));
  }

  async isEnrolled(host: string): Promise<boolean | undefined> {
    const path = `/poolq/v1/hosts/${host}`;
    // A daemon of another version knows no such question, and so cannot say.
    const said = await this.#unlessAway(() =>
      this.#unlessUnknown(() => this.#get(path, hostSchema))
    );
    return said?.enrolled ?? undefined;
  }

  async hint(user: string, messages: readonly Message[] = []): Promise<void> {
    const signal = AbortSignal.any([this.signal, AbortSignal.timeout(HINT_DEADLINE_MS)]);
    const body = isLittle(messages) ? { user, messages } : { user };
    const call = { method: "POST", path: "/poolq/v1/posted", body, signal } as const;
    await callDaemon(this.socketPath, call, () => {}).catch(() => {});
  }

  async #get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    const lines: string[] = [];
    const call = { method: "GET", path, signal: this.signal, maxLineLength: MAX_ANSWER_LENGTH };
    try {
      await callDaemon(this.socketPath, { ...call, method: "GET" }, (line) => lines.push(line));
    } catch (error) {
      throw this.#explain(error);
    }
    const parsed = schema.safeParse(parseJson(lines.join("")));
    if (parsed.success) return parsed.data;
    throw new UserError(
      `Cannot understand the daemon's answer to ${path}. If vigo was updated while it ran, restart it`,
      { cause: parsed.error },
    );
  }

  #explain(error: unknown): unknown {
    if (error instanceof DaemonUnreachableError) {
      return new UserError(
        `Cannot ask the daemon at ${this.socketPath}: ${error.message}. Start it with "vigo daemon"`,
        { exitCode: EXIT_CODE.unreachable, cause: error },
      );
    }
    if (error instanceof DaemonRefusedError) {
      const exitCode = EXIT_CODES[error.status] ?? EXIT_CODE.failed;
      return new UserError(error.message, { exitCode, cause: error });
    }
    return error;
  }

  async #unlessAway<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof UserError && error.exitCode === EXIT_CODE.unreachable) return undefined;
      throw error;
    }
  }

  async #unlessUnknown<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (error) {
      const cause = error instanceof UserError ? error.cause : undefined;
      if (cause instanceof DaemonRefusedError && cause.status === 404) return undefined;
      throw error;
    }
  }
}

/** Whether it is less to hand messages over than to have them looked for. */
function isLittle(messages: readonly Message[]): boolean {
  if (messages.length > MAX_HINT_MESSAGES) return false;
  const sizeBytes = messages.reduce((sum, one) => sum + bodySizeBytes(messageLine(one)), 0);
  return sizeBytes < MAX_HINT_BYTES - HINT_ROOM_BYTES;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
