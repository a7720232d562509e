import { isSha256, type Sha256 } from "../../shared/crypto/sha256.ts";
import { messageId } from "../../shared/poolq/message.ts";
import type { Delegation } from "../../shared/puddle/delegation.ts";
import { parseDelegations } from "../../shared/puddle/parse_delegations.ts";
import type { AgentLog } from "../runtime/agent_log.ts";
import { type QueueLine, queueLineSchema } from "../user_scan/queue_lines.ts";
import { ScanError, type ScannedUser, type UserScans } from "../user_scan/user_scans.ts";
import type { GrantedUsers } from "../user_scan/granted_users.ts";
import { storageFault } from "../store/storage_fault.ts";
import { rememberHeads, type SeenHead } from "./heads_file.ts";
import type { QueueStore } from "./queue_store.ts";
import { takePosted } from "./take_posted.ts";
import { TopicIntake } from "./topic_intake.ts";

/** Most topics whose last known message is named to a scan. */
const MAX_KNOWN = 1_000;
/** A home into which nobody asked to look is looked into this often, however often the agent checks in. */
const LOOK_EVERY_MS = 30_000;
/** Most lines of one scan that say what is wrong. */
const MAX_PROBLEMS = 20;

export interface HomeScannerOptions {
  readonly users: GrantedUsers;
  readonly scans: UserScans;
  readonly store: QueueStore;
  /** `poolq-heads/`. */
  readonly headsFolder: string;
  readonly log: AgentLog;
  nowMs(): number;
  /** Whether the gate of this envoy is open. */
  isOpen(): boolean;
  /** Something new is held. */
  onNews(): void;
  readonly signal: AbortSignal;
}

/**
 * Looks into the homes of users with the grant for what they posted, and removes the queues of those that lost it. One look
 * at a home at a time; who asks while one runs is answered by one more after it.
 */
export class HomeScanner {
  readonly #options: HomeScannerOptions;
  readonly #turns = new Map<string, { readonly current: Promise<void>; next?: Promise<void> }>();
  /** When each user's home was last looked into, to the end. */
  readonly #lookedAtMs = new Map<string, number>();
  /** When the queues of a user who lost the grant could not all be removed. */
  readonly #triedAtMs = new Map<string, number>();
  /** What was told of each user last, so that the log says it once. */
  readonly #told = new Map<string, string>();

  constructor(options: HomeScannerOptions) {
    this.#options = options;
  }

  /** Looks into the homes of all users that may post, and scrubs those that may no longer. */
  async scanAll(): Promise<void> {
    const { users, store, nowMs, isOpen } = this.#options;
    const granted = await users.names();
    for (const lost of store.granted()) {
      if (granted.includes(lost) || this.#turns.has(lost)) continue;
      await this.#inTurn(lost, () => this.#leave(lost));
    }
    for (const name of granted) {
      // Whether it is looked into now or not: what it posts meanwhile has to go when the grant does.
      if (isOpen()) store.setGranted(name, true);
      const agoMs = nowMs() - (this.#lookedAtMs.get(name) ?? -Infinity);
      // Whoever posts says so; this is for hints that were lost.
      if (agoMs < 0 || agoMs >= LOOK_EVERY_MS) await this.scan(name);
    }
  }

  /** Looks into one home, if its user may post: what is there when this is called is held when it returns. */
  scan(name: string): Promise<void> {
    const turn = this.#turns.get(name);
    if (!turn) return this.#inTurn(name, () => this.#look(name));
    // Whoever asks meanwhile shares the next look: this one may be past what they mean.
    return turn.next ??= turn.current.catch(() => {}).then(() => this.scan(name));
  }

  /**
   * Takes what a user posted from whoever says so, without a look: no process has to start. Only messages that go on from
   * what was found in that user's home are taken, since nobody else can have signed them.
   *
   * @returns whether that was possible; otherwise the home has to be looked into.
   */
  async takePosted(name: string, messages: readonly object[]): Promise<boolean> {
    for (let turn = this.#turns.get(name); turn; turn = this.#turns.get(name)) {
      await turn.current.catch(() => {});
    }
    let isTaken = false;
    await this.#inTurn(name, async () => {
      isTaken = await takePosted(this.#options, name, messages);
    });
    return isTaken;
  }

  #inTurn(name: string, work: () => Promise<void>): Promise<void> {
    const current = work().finally(() => this.#turns.delete(name));
    this.#turns.set(name, { current });
    return current;
  }

  async #look(name: string): Promise<void> {
    const { users, store, isOpen } = this.#options;
    if (!isOpen() || !(await users.names()).includes(name)) return;
    const user = await users.find(name);
    if (!user) return;
    store.setGranted(name, true);
    const visit = new Visit(this.#options, user);
    await this.#tell(name, "not everything in a user's queues can be carried", async () => {
      await this.#visit(user, visit);
      this.#lookedAtMs.set(name, this.#options.nowMs());
      return visit.problems;
    });
    if (visit.hasNews) this.#options.onNews();
  }

  async #visit(user: ScannedUser, visit: Visit): Promise<void> {
    const { scans, store, signal } = this.#options;
    const known: Record<Sha256, { seq: number; id: Sha256 }> = {};
    for (const topic of store.topics().slice(0, MAX_KNOWN)) {
      known[topic.topicId] = { seq: topic.headSeq, id: topic.headId };
    }
    try {
      await scans.run(
        user,
        { kind: "poolq_read", home: user.home, known },
        (line) => visit.take(queueLineSchema.parse(line)),
        signal,
      );
    } finally {
      await visit.end();
    }
  }

  async #leave(name: string): Promise<void> {
    const { store, nowMs } = this.#options;
    const agoMs = nowMs() - (this.#triedAtMs.get(name) ?? -Infinity);
    if (agoMs >= 0 && agoMs < LOOK_EVERY_MS) return;
    const what = "queues of a user without the grant stay: not everything in them can be taken";
    await this.#tell(name, what, async () => {
      try {
        return await this.#scrub(name);
      } catch (error) {
        const fault = storageFault(error);
        if (fault === undefined) throw error;
        return [fault];
      }
    });
    if (store.granted().has(name)) this.#triedAtMs.set(name, nowMs());
    else this.#triedAtMs.delete(name);
  }

  /**
   * Takes what was posted and not carried yet, then removes the queues from the home; what could not be taken stays there
   * for another time. Heads are remembered, and what was carried stays with the fleet.
   *
   * @returns what stays, and why.
   */
  async #scrub(name: string): Promise<readonly string[]> {
    const { users, scans, store, headsFolder, log, onNews, signal } = this.#options;
    const user = await users.find(name);
    if (user) {
      const visit = new Visit(this.#options, user);
      await this.#visit(user, visit);
      if (visit.hasNews) onNews();
      // From here on the home has no other copy.
      store.sync();
      const seen = new Map<string, SeenHead>();
      const kept: string[] = [];
      const request = { kind: "poolq_scrub", home: user.home, held: visit.held } as const;
      await scans.run(user, request, (line) => {
        const said = queueLineSchema.parse(line);
        if (said.kind === "problem") kept.push(describeProblem(said));
        if (said.kind !== "topic") return;
        const { topicId, writer, lastSeq, lastId, appointment } = said;
        const held = store.topic(topicId)?.name ?? "";
        seen.set(topicId, { name: held, writer, seq: lastSeq, id: lastId, appointment });
      }, signal);
      await rememberHeads(headsFolder, name, seen);
      // Still among those who had the grant, so that it is tried again.
      if (kept.length > 0) return [...visit.problems, ...kept].slice(0, MAX_PROBLEMS);
      log.info("queues of a user without the grant were removed", { user: name });
    }
    store.setGranted(name, false);
    return [];
  }

  /** Says what is wrong in a home when it is news. */
  async #tell(
    name: string,
    what: string,
    look: () => Promise<readonly string[]>,
  ): Promise<void> {
    const { log, signal } = this.#options;
    let problems: readonly string[];
    try {
      problems = await look();
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ScanError)) throw error;
      problems = [error.message];
    }
    const text = problems.join("; ");
    if (text !== "" && text !== this.#told.get(name)) {
      log.warn(what, { user: name, reason: text });
    }
    this.#told.set(name, text);
  }
}

/** What one look at a home brings, line by line. */
class Visit {
  readonly #options: HomeScannerOptions;
  readonly #user: ScannedUser;
  readonly #delegations: Delegation[] = [];
  readonly #seen = new Map<string, SeenHead>();
  readonly #problems: string[] = [];
  #intake: { readonly topicId: Sha256; readonly intake: TopicIntake } | undefined;
  #headBefore = 0;
  hasNews = false;

  constructor(options: HomeScannerOptions, user: ScannedUser) {
    this.#options = options;
    this.#user = user;
  }

  get problems(): readonly string[] {
    return this.#problems.slice(0, MAX_PROBLEMS);
  }

  /** The topics of which the last message is held as this user's: then so is every one before it that there was. */
  get held(): Readonly<Record<Sha256, { readonly seq: number; readonly id: Sha256 }>> {
    const { store } = this.#options;
    const held: Record<Sha256, { readonly seq: number; readonly id: Sha256 }> = {};
    for (const [topicId, { seq, id }] of this.#seen) {
      if (isSha256(topicId) && isSha256(id) && isHeld(store, topicId, seq, id)) {
        held[topicId] = { seq, id };
      }
    }
    return held;
  }

  take(line: QueueLine): void {
    switch (line.kind) {
      case "delegation":
        this.#delegations.push(...parseDelegations([line.delegation]));
        return;
      case "topic":
        this.#leaveTopic();
        this.#begin(line);
        return;
      case "message":
        if (line.topicId === this.#intake?.topicId) this.#intake.intake.take(line.message);
        return;
      case "problem":
        this.#problems.push(describeProblem(line));
    }
  }

  async end(): Promise<void> {
    this.#leaveTopic();
    const { headsFolder } = this.#options;
    await rememberHeads(headsFolder, this.#user.name, this.#seen);
  }

  #begin(
    { topicId, writer, lastSeq, lastId, appointment }: Extract<QueueLine, { kind: "topic" }>,
  ): void {
    const { store, nowMs } = this.#options;
    this.#headBefore = store.topic(topicId)?.headSeq ?? 0;
    this.#seen.set(topicId, { name: "", writer, seq: lastSeq, id: lastId, appointment });
    this.#intake = {
      topicId,
      intake: new TopicIntake({
        store,
        topicId,
        user: this.#user.name,
        appointment,
        delegations: this.#delegations,
        nowMs,
      }),
    };
  }

  #leaveTopic(): void {
    const { intake, topicId } = this.#intake ?? {};
    if (!intake || topicId === undefined) return;
    this.#intake = undefined;
    const before = this.#options.store.topic(topicId);
    const topic = intake.end();
    const seen = this.#seen.get(topicId);
    if (seen && topic) this.#seen.set(topicId, { ...seen, name: topic.name });
    if (intake.problem !== undefined) {
      this.#problems.push(`topic ${topicId.slice(0, 12)}: ${intake.problem}`);
    }
    const isAppointed = topic?.appointment?.signature !== before?.appointment?.signature;
    if ((topic?.headSeq ?? 0) > this.#headBefore || isAppointed) {
      this.hasNews = true;
    }
  }
}

/** One that is nobody's here was only read, and may be forgotten. */
function isHeld(store: QueueStore, topicId: Sha256, seq: number, id: Sha256): boolean {
  const topic = store.topic(topicId);
  if (!topic || topic.user === null) return false;
  if (topic.headSeq === seq) return topic.headId === id;
  const [text] = store.range(topicId, { from: seq, limit: 1, maxLength: 1 });
  // Verified when it was taken in.
  const message = text === undefined ? undefined : JSON.parse(text);
  return message?.seq === seq && messageId(message) === id;
}

function describeProblem({ topicId, reason }: Extract<QueueLine, { kind: "problem" }>): string {
  return topicId === undefined ? reason : `topic ${topicId.slice(0, 12)}: ${reason}`;
}
