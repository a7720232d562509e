import { z } from "zod";
import { writeFileDurable } from "../../shared/platform/durable_write.ts";
import type { AgentLog } from "../runtime/agent_log.ts";
import { isAbsent } from "../store/is_absent.ts";
import {
  type PuddleFacts,
  puddleFactsSchema,
  puddleLineSchema,
} from "../user_scan/puddle_lines.ts";
import { ScanError, type ScannedUser, type UserScans } from "../user_scan/user_scans.ts";

/** Puddles of one machine that are told of. */
const MAX_PUDDLES = 1_000;
/** A home that nothing was heard of is looked into again after this long, in ms. */
const LOOK_EVERY_MS = 10 * 60_000;
const MAX_STATE_BYTES = 4 * 1024 * 1024;

const stateSchema = z.strictObject({
  schema: z.literal(1),
  users: z.record(z.string().max(64), puddleFactsSchema),
});

/** What is known of the puddles of this machine, by user. */
export type KnownPuddles = Readonly<Record<string, PuddleFacts>>;

/** What the watch works with. */
export interface PuddleWatchParts {
  readonly scans: Pick<UserScans, "run">;
  readonly users: {
    names(flag: "puddle"): Promise<string[]>;
    find(name: string): Promise<ScannedUser | undefined>;
  };
  /** `puddles.json`: 0644, so that `vigo traits` shows what the daemon knows. */
  readonly path: string;
  readonly log: AgentLog;
  nowMs(): number;
  /** Public keys that the fleet's administrator removed from this machine. */
  evicted(): readonly string[];
  /** What is known has changed. */
  onChange(): void;
  readonly signal: AbortSignal;
}

/**
 * Knows the puddles of this machine's users, and removes those that may not be here: of users that lost the grant, and of keys
 * that were evicted. Homes are looked into by processes of their users; one look at a time.
 */
export class PuddleWatch {
  readonly #parts: PuddleWatchParts;
  readonly #looked = new Map<string, number>();
  readonly #told = new Map<string, string>();
  #known: Record<string, PuddleFacts> | undefined;
  #turn: Promise<void> = Promise.resolve();
  #waiting = new Set<string>();

  constructor(parts: PuddleWatchParts) {
    this.#parts = parts;
  }

  /** Looks into the homes that are due, and removes what may not be there. */
  async lookAtAll(): Promise<void> {
    await this.#inTurn(async () => {
      const granted = await this.#parts.users.names("puddle");
      const known = await this.#read();
      for (const user of Object.keys(known)) {
        if (!granted.includes(user)) await this.#scrub(user, undefined);
      }
      const nowMs = this.#parts.nowMs();
      for (const user of granted.slice(0, MAX_PUDDLES)) {
        const isDue = nowMs - (this.#looked.get(user) ?? -Infinity) >= LOOK_EVERY_MS;
        if (isDue || this.#isEvicted(known[user])) await this.#look(user);
      }
      await this.#write();
    });
  }

  /** Looks into one home soon, if its user may have a puddle; many calls make one look. */
  async note(user: string): Promise<void> {
    if (this.#waiting.has(user) || this.#waiting.size >= MAX_PUDDLES) return;
    this.#waiting.add(user);
    await this.#inTurn(async () => {
      this.#waiting.delete(user);
      if (!(await this.#parts.users.names("puddle")).includes(user)) return;
      await this.#look(user);
      await this.#write();
    });
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const { signal } = this.#parts;
    this.#turn = this.#turn.then(async () => {
      if (!signal.aborted) await work();
    }).catch((error) => {
      if (!signal.aborted) {
        this.#parts.log.error("cannot look at the puddles of this machine", {
          reason: String(error),
        });
      }
    });
    await this.#turn;
  }

  async #look(name: string): Promise<void> {
    const { users, scans, nowMs, signal } = this.#parts;
    const user = await users.find(name);
    if (!user) return this.#forget(name);
    this.#looked.set(name, nowMs());
    let facts: PuddleFacts | undefined;
    const isDone = await this.#try(
      name,
      () =>
        scans.run(user, { kind: "puddle_read", home: user.home }, (said) => {
          const line = puddleLineSchema.parse(said);
          if (line.kind === "puddle") facts = line.facts;
        }, signal),
    );
    if (!isDone || !facts) return;
    this.#tell(name, facts.problem ?? "");
    if (this.#isEvicted(facts)) return await this.#scrub(name, facts.publicKey ?? undefined);
    if (facts.publicKey === null && facts.problem === null) this.#forget(name);
    else this.#keep(name, facts);
  }

  /** @param publicKey the one that was evicted; absent if the user may have no puddle at all. */
  async #scrub(name: string, publicKey: string | undefined): Promise<void> {
    const { users, scans, log, signal } = this.#parts;
    const user = await users.find(name);
    if (user) {
      const request = {
        kind: "puddle_scrub" as const,
        home: user.home,
        ...(publicKey === undefined ? {} : { publicKey }),
      };
      if (!await this.#try(name, () => scans.run(user, request, () => {}, signal))) return;
      log.info(
        publicKey === undefined
          ? "the puddle of a user without the grant was removed"
          : "a puddle was evicted from this machine",
        { user: name, ...(publicKey === undefined ? {} : { publicKey }) },
      );
    }
    this.#forget(name);
  }

  #isEvicted(facts: PuddleFacts | undefined): boolean {
    const key = facts?.publicKey;
    return key !== undefined && key !== null && this.#parts.evicted().includes(key);
  }

  #keep(name: string, facts: PuddleFacts): void {
    const known = this.#known ?? {};
    if (JSON.stringify(known[name]) === JSON.stringify(facts)) return;
    this.#known = { ...known, [name]: facts };
    this.#isDirty = true;
  }

  #forget(name: string): void {
    const { [name]: gone, ...rest } = this.#known ?? {};
    if (!gone) return;
    this.#known = rest;
    this.#isDirty = true;
  }

  #isDirty = false;

  async #read(): Promise<KnownPuddles> {
    this.#known ??= { ...await readKnownPuddles(this.#parts.path) };
    return this.#known;
  }

  async #write(): Promise<void> {
    if (!this.#isDirty) return;
    const users = await this.#read();
    await writeFileDurable(this.#parts.path, `${JSON.stringify({ schema: 1, users })}\n`, {
      mode: 0o644,
    });
    this.#isDirty = false;
    this.#parts.onChange();
  }

  async #try(name: string, scan: () => Promise<void>): Promise<boolean> {
    try {
      await scan();
      return true;
    } catch (error) {
      if (!(error instanceof ScanError)) throw error;
      this.#tell(name, error.message);
      return false;
    }
  }

  /** Says what is wrong in a home when it is news. */
  #tell(name: string, reason: string): void {
    if (reason !== "" && this.#told.get(name) !== reason) {
      this.#parts.log.warn("something is wrong with a user's puddle", { user: name, reason });
    }
    this.#told.set(name, reason);
  }
}

/** What the daemon knew last of the puddles of this machine; nothing if it is absent or damaged, since it is found again. */
export async function readKnownPuddles(path: string): Promise<KnownPuddles> {
  try {
    const { size } = await Deno.stat(path);
    if (size > MAX_STATE_BYTES) return {};
    const parsed = stateSchema.safeParse(JSON.parse(await Deno.readTextFile(path)));
    return parsed.data?.users ?? {};
  } catch (error) {
    if (isAbsent(error) || error instanceof SyntaxError) return {};
    throw error;
  }
}
