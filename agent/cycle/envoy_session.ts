import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { openPolicyApplier } from "../apply/apply_policy.ts";
import { SecretKeeper } from "../secrets/secret_keeper.ts";
import type { AgentConfig } from "../store/agent_config.ts";
import type { AgentDatabase } from "../store/agent_database.ts";
import { type AgentPaths, agentPaths } from "../store/agent_paths.ts";
import { DatabaseJournal } from "../store/database_journal.ts";
import { DatabaseSecretTraces } from "../store/database_secret_traces.ts";
import { type Identity, loadIdentity } from "../store/identity.ts";
import { openAgentDatabase } from "../store/open_agent_database.ts";
import { readAgentConfig } from "../store/read_agent_config.ts";
import { builtInCollectors } from "../traits/collectors.ts";
import { chooseLanAddress } from "../traits/lan_address.ts";
import { findLocalOperators } from "../traits/local_operators.ts";
import { nativeSystem } from "../traits/native_system.ts";
import { findDefaultInterface } from "../traits/network.ts";
import { TraitKeeper } from "../traits/trait_keeper.ts";
import type { Clock } from "../runtime/clock.ts";
import type { AgentLog } from "../runtime/agent_log.ts";
import { Cycle } from "./cycle.ts";
import type { CycleParts } from "./cycle_parts.ts";
import { forbidCoreDumps, LOCAL_CORE_DUMP_SYSTEM } from "../runtime/forbid_core_dumps.ts";
import { GrpcGateway } from "../server_link/grpc_gateway.ts";
import { HeldDocuments } from "../documents/held_documents.ts";
import { effectiveIntervalMs, STABLE_TRAITS_EVERY } from "./loop_plan.ts";
import type { ServerGateway } from "../server_link/server_gateway.ts";
import { SignedCaller } from "../server_link/signed_caller.ts";

/** Everything that the daemon and a single run share: one envoy, opened under one root. */
export interface EnvoySession extends Disposable {
  readonly paths: AgentPaths;
  readonly identity: Identity;
  readonly config: AgentConfig;
  readonly db: AgentDatabase;
  readonly held: HeldDocuments;
  readonly gateway: ServerGateway;
  readonly caller: SignedCaller;
  readonly system: ReturnType<typeof nativeSystem>;
  intervalMs(): number;
  /** Has a stable trait read with the next cycle, since it is known to have changed. */
  readTraitSoon(name: string): void;
  /** A cycle of this envoy; the parts that differ between a daemon and a single run are given. */
  createCycle(
    parts: Pick<CycleParts, "swarm"> & Partial<Pick<CycleParts, "onAnswer" | "onRun" | "onTraits">>,
  ): Cycle;
}

/** Where a session lives and what it tells. */
export interface SessionOptions {
  readonly roots: RootPaths;
  readonly agentVersion: string;
  readonly clock: Clock;
  readonly log: AgentLog;
}

/**
 * Opens an envoy.
 *
 * @throws {NotEnrolledError | AgentConfigError | Error} if this root is not enrolled, or something of it cannot be read.
 */
export async function openEnvoySession(options: SessionOptions): Promise<EnvoySession> {
  const { roots, agentVersion, clock, log } = options;
  const dumps = Deno.build.os === "linux"
    ? await forbidCoreDumps(Deno.pid, LOCAL_CORE_DUMP_SYSTEM)
    : undefined;
  if (dumps !== undefined) {
    log.warn("a crash may write secrets to a core file; forbid it with ulimit -c 0", {
      reason: dumps,
    });
  }
  const paths = agentPaths(roots);
  const identity = await loadIdentity(paths.configFolder);
  const config = await readAgentConfig(paths.config);
  await Deno.mkdir(paths.stateFolder, { recursive: true, mode: 0o755 });
  const db = await openAgentDatabase(paths.database, log, clock.nowMs());
  try {
    const held = new HeldDocuments(db, identity.serverVerifier, identity.envoyUuid);
    const gateway = new GrpcGateway(config.server, identity.ca, identity.tls);
    const caller = new SignedCaller({
      gateway,
      envoyUuid: identity.envoyUuid,
      signer: identity.signer,
      serverVerifier: identity.serverVerifier,
      clockOffsetMs: db.fact("clockOffsetMs") ?? 0,
      nowMs: () => clock.nowMs(),
      onClockOffset: (clockOffsetMs) => db.setFacts({ clockOffsetMs }),
    });
    const system = nativeSystem(roots);
    const traits = new TraitKeeper(
      builtInCollectors(paths.swarmFolder),
      system,
      STABLE_TRAITS_EVERY,
      readKnownTraits(db.fact("stableTraits")),
      () => findLocalOperators(paths.configFolder),
    );
    const self = {
      root: paths.root,
      executable: Deno.execPath(),
      hostname: identity.hostname,
      envoyUuid: identity.envoyUuid,
      pid: Deno.pid,
      startedAtMs: clock.nowMs(),
    };
    const secrets = new SecretKeeper(caller, log);
    const apply = await openPolicyApplier({
      paths: roots,
      stateFolder: paths.stateFolder,
      journal: new DatabaseJournal(db),
      secrets,
      secretTraces: new DatabaseSecretTraces(db),
      hostname: identity.hostname,
      system,
      log,
    });
    const intervalMs = () => effectiveIntervalMs(config.interval, db.fact("intervalMs"));
    return {
      paths,
      identity,
      config,
      db,
      held,
      gateway,
      caller,
      system,
      intervalMs,
      readTraitSoon: (name) => traits.readSoon(name),
      createCycle: (parts) =>
        new Cycle({
          ...parts,
          agentVersion,
          self,
          db,
          held,
          caller,
          traits,
          apply,
          secrets,
          log,
          intervalMs,
          bundleMaxAgeMs: config.bundle_max_age,
          nowMs: () => clock.nowMs(),
          rssBytes: () => Deno.memoryUsage().rss,
          observedHostname: () => system.hostname(),
          lanAddress: async () =>
            chooseLanAddress(
              system.networkInterfaces(),
              await findDefaultInterface(system, new AbortController().signal),
              config.swarm.listen_address,
            ) ?? "",
        }),
      [Symbol.dispose]: () => {
        gateway.close();
        db.close();
      },
    };
  } catch (error) {
    db.close();
    throw error;
  }
}

function readKnownTraits(text: string | undefined): Record<string, Json> {
  // Written by this program alone, in one transaction.
  return text === undefined ? {} : JSON.parse(text) as Record<string, Json>;
}
