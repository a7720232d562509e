import type { IncomingMessage, ServerResponse } from "node:http";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { AgentLog } from "../runtime/agent_log.ts";
import type { PuddleInFleet } from "../server_link/fleet_directory.ts";
import type { HeldDocuments } from "../documents/held_documents.ts";
import { UserProofs } from "../user_scan/user_proofs.ts";
import { GrantedUsers } from "../user_scan/granted_users.ts";
import type { PeerQuestion, PeerReply, RelayedQuestion, RelayedReply } from "../swarm/relay.ts";
import type { UserScans } from "../user_scan/user_scans.ts";
import { claimIdentity } from "../puddle/claim_identity.ts";
import { createPuddleApi } from "./local_puddle_api.ts";
import { PairingDesk } from "../puddle/pairing_desk.ts";
import { claimSchema } from "../puddle/pairing_messages.ts";
import { PuddleWatch } from "./puddle_watch.ts";
import { requireGrant } from "../puddle/require_grant.ts";

/** What the daemon's part in puddles works with. */
export interface PuddleKeeperParts {
  readonly roots: RootPaths;
  readonly held: HeldDocuments;
  readonly envoyUuid: string;
  readonly scans: UserScans;
  readonly log: AgentLog;
  /** `puddles.json`. */
  readonly statePath: string;
  /** The name of this machine, as enrolled. */
  hostname(): string;
  askPeer(question: PeerQuestion): Promise<PeerReply>;
  /** By a puddle's key or name. */
  findInFleet(reference: string): Promise<PuddleInFleet>;
  /** What is known of the puddles of this machine has changed. */
  onChange(): void;
}

/** The daemon's part in puddles: offers and claims, the state of its users' puddles, scrubbing. It never holds a private key. */
export class PuddleKeeper {
  /** Answers what the open socket is asked below `/puddle/`. */
  readonly answerLocal: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  readonly #parts: PuddleKeeperParts;
  readonly #scope = new AbortController();
  readonly #desk = new PairingDesk(() => performance.now());
  readonly #watch: PuddleWatch;
  #evictedBefore = "";

  constructor(parts: PuddleKeeperParts) {
    const { roots, scans, log, statePath } = parts;
    this.#parts = parts;
    const users = new GrantedUsers(roots);
    this.#watch = new PuddleWatch({
      scans,
      users,
      path: statePath,
      log,
      nowMs: () => performance.now(),
      evicted: () => this.#evicted(),
      onChange: () => parts.onChange(),
      signal: this.#scope.signal,
    });
    this.answerLocal = createPuddleApi({
      proofs: new UserProofs({
        scans,
        find: (name) => users.find(name),
        nowMs: () => performance.now(),
      }),
      desk: this.#desk,
      hostname: () => parts.hostname(),
      refusal: (user) => this.#refusal(user),
      claim: (wanted) => claimIdentity(wanted, (question) => parts.askPeer(question)),
      note: (user) => void this.#watch.note(user),
      findInFleet: (reference) => parts.findInFleet(reference),
    });
  }

  /** A cycle has ended: grants may have changed. */
  noteCycle(): void {
    void this.#watch.lookAtAll();
  }

  /** A fleet document may have come: keys may have been evicted. */
  noteDocuments(): void {
    const evicted = this.#evicted().join();
    if (evicted === this.#evictedBefore) return;
    this.#evictedBefore = evicted;
    void this.#watch.lookAtAll();
  }

  /** Answers another machine that claims what a user of this one offers. */
  answerPeer({ peer, body, ownFingerprint }: RelayedQuestion): Promise<RelayedReply> {
    const { log, hostname } = this.#parts;
    if (!this.#isOpen()) return Promise.resolve({ status: 403, body: new Uint8Array() });
    const claim = claimSchema.safeParse(parseJson(body));
    if (!claim.success) return Promise.resolve({ status: 400, body: new Uint8Array() });
    const answer = this.#desk.answer(claim.data, { ...peer, ownFingerprint }, hostname());
    if (claim.data.step === "prove") {
      log.info("a machine claimed an identity", {
        host: peer.hostname,
        user: claim.data.user,
        outcome: answer.kind === "refused" ? answer.reason : "handed over",
      });
    }
    return Promise.resolve({
      status: 200,
      body: new TextEncoder().encode(JSON.stringify(answer)),
    });
  }

  stop(): void {
    this.#scope.abort();
  }

  #isOpen(): boolean {
    const swarm = this.#parts.held.envoy()?.value.swarm;
    return swarm?.enabled === true && swarm.subsystems.puddle === true;
  }

  /** Public keys that may not be on this machine. */
  #evicted(): readonly string[] {
    const evictions = this.#parts.held.fleet()?.value.evictedPuddles ?? [];
    return evictions.filter(({ envoyUuid }) => envoyUuid === this.#parts.envoyUuid)
      .map(({ publicKey }) => publicKey);
  }

  async #refusal(user: string): Promise<string | undefined> {
    try {
      await requireGrant(this.#parts.roots, user, "puddle");
      return undefined;
    } catch (error) {
      if (error instanceof UserError) return error.message;
      throw error;
    }
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
