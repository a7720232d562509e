import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { RunReport } from "../../shared/config/run_report.ts";
import type { CheckInResponse } from "../../shared/proto/agent.ts";
import type { SecretKeeper } from "../secrets/secret_keeper.ts";
import type { AgentDatabase } from "../store/agent_database.ts";
import type { AgentFacts } from "../traits/agent_self.ts";
import type { TraitKeeper } from "../traits/trait_keeper.ts";
import type { AgentLog } from "../runtime/agent_log.ts";
import type { HeldDocuments } from "../documents/held_documents.ts";
import type { ApplyPolicy } from "../apply/policy_applier.ts";
import type { SignedCaller } from "../server_link/signed_caller.ts";
import type { SwarmFacts } from "./swarm_facts.ts";

/** What a cycle works with. */
export interface CycleParts {
  readonly agentVersion: string;
  /** What the agent says of itself in its traits, as far as it stays the same. */
  readonly self: Pick<
    AgentFacts,
    "root" | "executable" | "hostname" | "envoyUuid" | "pid" | "startedAtMs"
  >;
  readonly db: AgentDatabase;
  readonly held: HeldDocuments;
  readonly caller: SignedCaller;
  readonly traits: TraitKeeper;
  readonly apply: ApplyPolicy;
  readonly secrets: Pick<SecretKeeper, "epoch" | "refresh">;
  readonly log: AgentLog;
  readonly bundleMaxAgeMs: number | undefined;
  nowMs(): number;
  intervalMs(): number;
  /** Memory of this process. */
  rssBytes(): number;
  observedHostname(): string;
  lanAddress(): Promise<string>;
  swarm(): SwarmFacts;
  /** Told of every answer after what it brought is kept. */
  onAnswer?(answer: CheckInResponse): void;
  /** Told of each run once it is kept. */
  onRun?(report: RunReport): void;
  /** Told of the traits of each cycle. */
  onTraits?(traits: Readonly<Record<string, Json>>): void;
}
