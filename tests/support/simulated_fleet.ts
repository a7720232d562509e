import { AuditLog } from "../../server/audit/audit_log.ts";
import { composeFleet } from "../../server/wiring/compose_fleet.ts";
import type { Fleet, FleetOptions } from "../../server/checkin/fleet.ts";
import {
  type Authority,
  loadOrCreateAuthority,
} from "../../server/enroll/certificate_authority.ts";
import type { PolicyResolver, ResolvedPolicy } from "../../server/fleet/policy_resolver.ts";
import {
  LocalSecretBackend,
  SECRET_KEY_PURPOSE,
} from "../../server/secrets/local_secret_backend.ts";
import { MemoryStore } from "../../server/store/memory_store.ts";
import type { Store } from "../../server/store/store.ts";
import type { Steps } from "../../server/steps/steps.ts";
import { swarmSectionSchema } from "../../server/config/swarm_section.ts";
import { type BundleResource, merkleRoot } from "../../shared/config/policy_bundle.ts";
import { getLogger } from "@logtape/logtape";
import type { Json } from "../../shared/canonical/canonical_json.ts";
import {
  completeEnrolment,
  draftEnrolment,
  SimulatedEnvoy,
  type SimulatedEnvoyOptions,
  type SimulatedIdentity,
} from "./simulated_envoy.ts";
import { TemporaryRoot } from "./temporary_root.ts";

/** A policy that a test changes at will: every envoy gets the same resources. */
export class FakePolicyResolver implements PolicyResolver {
  policyVersion: string | undefined = "version-1";
  resources: BundleResource[] = [];
  problem: string | undefined;
  /** How often something was resolved. */
  calls = 0;
  reads: string[] = ["/os/distro"];

  version(): string | undefined {
    return this.policyVersion;
  }

  // deno-lint-ignore require-yield -- it takes one step.
  *resolve(): Steps<ResolvedPolicy | undefined> {
    this.calls += 1;
    if (this.policyVersion === undefined) return undefined;
    // The form that reads have; see TraitRead.
    const reads = this.reads as ResolvedPolicy["reads"] & string[];
    const { policyVersion, resources } = this;
    if (this.problem !== undefined) {
      return { ok: false, policyVersion, reason: this.problem, reads };
    }
    return { ok: true, policyVersion, resources, root: merkleRoot(resources).toHex(), reads };
  }
}

/** A server in this process, on a free port of 127.0.0.1, with a clock that a test can move. */
export class SimulatedFleet implements AsyncDisposable {
  readonly fleet: Fleet;
  readonly store: Store;
  readonly authority: Authority;
  readonly root: TemporaryRoot;
  readonly resolver: FakePolicyResolver;
  readonly clock: { offsetMs: number };
  address = "";

  private constructor(
    parts: Pick<SimulatedFleet, "fleet" | "store" | "authority" | "root" | "resolver" | "clock">,
  ) {
    this.fleet = parts.fleet;
    this.store = parts.store;
    this.authority = parts.authority;
    this.root = parts.root;
    this.resolver = parts.resolver;
    this.clock = parts.clock;
  }

  /** @param from a fleet whose root, store and clock go on, as after a restart. */
  static async start(
    options: Partial<FleetOptions> = {},
    from?: { root: TemporaryRoot; store: Store; clock: { offsetMs: number } },
  ): Promise<SimulatedFleet> {
    const root = from?.root ?? await TemporaryRoot.create();
    const store = options.store ?? from?.store ?? new MemoryStore();
    const clock = from?.clock ?? { offsetMs: 0 };
    const now = options.now ?? (() => Date.now() + clock.offsetMs);
    for (const folder of ["tls", "secrets", "seed"]) {
      await Deno.mkdir(root.join(folder), { recursive: true });
    }
    const authority = await loadOrCreateAuthority({
      tlsFolder: root.join("tls"),
      secretsFolder: root.join("secrets"),
      hostname: "vigo-1",
      sans: [],
      addresses: [],
      hasEnrolments: (await store.envoys.list()).length > 0,
      now,
    });
    const resolver = new FakePolicyResolver();
    const fleet = await composeFleet({
      store,
      authority,
      audit: new AuditLog(store, authority.signer, now),
      resolver,
      // Nobody configured a sink, so that tests print nothing.
      logger: getLogger("test"),
      now,
      serverHostname: "vigo-1",
      secrets: await LocalSecretBackend.open({
        folder: root.join("secrets/values"),
        key: authority.deriveKey(SECRET_KEY_PURPOSE),
        now,
      }),
      swarm: swarmSectionSchema.parse({ enabled: true, payload: { enabled: true } }),
      bundleMaxAgeMs: 86_400_000,
      intervalMs: 60_000,
      renewGraceMs: 180 * 86_400_000,
      grpcPort: () => 1530,
      enrollCommand: (token) => `VIGO_TOKEN=${token} vigo bootstrap`,
      seedFolder: root.join("seed"),
      blobFolder: root.join("blobs"),
      minFreePercent: 0,
      freeSpace: () => Promise.resolve({ freeBytes: 2 ** 40, freePercent: 50 }),
      ...options,
    });
    const started = new SimulatedFleet({ fleet, store, authority, root, resolver, clock });
    const { port } = await fleet.agents.start("127.0.0.1", 0);
    started.address = `127.0.0.1:${port}`;
    return started;
  }

  /** Stops the server and starts it again over the same store and files. */
  async restart(options: Partial<FleetOptions> = {}): Promise<SimulatedFleet> {
    await this.fleet.stop();
    const { root, store, clock } = this;
    return await SimulatedFleet.start(options, { root, store, clock });
  }

  /** Enrols a machine with a token of its own. */
  async enrol(hostname: string, flags: { replace?: boolean } = {}): Promise<SimulatedIdentity> {
    const created = await this.fleet.tokens.create(
      { ttlMs: 3_600_000, uses: 1, hostname, replace: flags.replace ?? false },
      "local-root",
    );
    if (!created.ok) throw new Error(created.message);
    const draft = await draftEnrolment(created.value.token, hostname);
    const answer = await this.fleet.enrolments.enroll(draft.request);
    if (!answer.ok) throw new Error(answer.message);
    return completeEnrolment(draft, answer.value);
  }

  /** An envoy of this fleet, enrolled unless an identity is given. */
  async envoy(
    hostname: string,
    options: Partial<SimulatedEnvoyOptions> = {},
  ): Promise<SimulatedEnvoy> {
    const identity = options.identity ?? await this.enrol(hostname);
    const traits: { [collector: string]: Json } = { os: { distro: "debian" } };
    return new SimulatedEnvoy({
      address: this.address,
      identity,
      stableTraits: traits,
      now: () => Date.now() + this.clock.offsetMs,
      ...options,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fleet.stop();
    await this.root[Symbol.asyncDispose]();
  }
}
