import assert from "node:assert/strict";
import type { RunReport } from "../../shared/config/run_report.ts";
import type { AuditRecord } from "../../shared/rest/audit.ts";
import type { RunSummary } from "../../shared/rest/runs.ts";
import { type ManifestEntry, manifestEntrySchema } from "../../shared/swarm/manifest_entry.ts";
import { bundleResourceSchema } from "../../shared/config/policy_bundle.ts";
import type {
  EnrollTokenRecord,
  EnvoyObservation,
  EnvoyRecord,
  Store,
  StoredBundle,
} from "./store.ts";

export function someEnvoy(given: Partial<EnvoyRecord> = {}): EnvoyRecord {
  const uuid = crypto.randomUUID();
  return {
    uuid,
    hostname: `host-${uuid}`,
    signingKey: "00".repeat(32),
    state: "active",
    enrolledAtMs: 1_700_000_000_000,
    revokedAtMs: null,
    tags: {},
    tagRevision: 1,
    suspectedClone: false,
    previousHostname: null,
    removedAtMs: null,
    ...given,
  };
}

export async function addEnvoy(store: Store): Promise<EnvoyRecord> {
  const envoy = someEnvoy();
  assert.deepEqual(await store.envoys.add(envoy), { ok: true });
  return envoy;
}

export function someObservation(uuid: string): EnvoyObservation {
  return {
    uuid,
    lastSeenMs: 1_700_000_000_000,
    intervalMs: 60_000,
    observedHostname: "web-1",
    lanAddress: "192.0.2.7",
    swarmAddress: "192.0.2.7:1531",
    agentVersion: "0.1.0",
    policyVersion: "v1",
    fingerprint: "",
    pausedReason: "",
    pausedUntilMs: 1_700_000_000_003,
    stableTraits: '{"os":{"distro":"debian"}}',
    volatileTraits: "{}",
    cloneCounter: 4,
    convergence: "NoData",
    bundleSerial: 1_700_000_000_001,
    envoySerial: 1_700_000_000_002,
    runSerial: 1_700_000_000_004,
    runRoot: "ab".repeat(32),
    runFinishedAtMs: 1_700_000_000_005,
    changeStreak: 2,
  };
}

export function someToken(given: Partial<EnrollTokenRecord>): EnrollTokenRecord {
  return {
    hash: "hash",
    createdAtMs: 1,
    expiresAtMs: 100,
    uses: 1,
    usesLeft: 1,
    hostname: null,
    replace: false,
    createdBy: "local-root",
    revokedAtMs: null,
    ...given,
  };
}

export function someRun(given: Partial<RunSummary>): { summary: RunSummary; report: RunReport } {
  const summary: RunSummary = {
    runId: crypto.randomUUID(),
    envoyUuid: crypto.randomUUID(),
    hostname: "web-1",
    startedAtMs: 1,
    receivedAtMs: 1,
    durationMs: 20,
    policyVersion: "v1",
    trigger: "interval",
    outcome: "changed",
    changed: 1,
    intentional: 0,
    corrective: 1,
    failed: 0,
    blocked: 0,
    skipped: 0,
    unknown: 0,
    total: 4,
    ...given,
  };
  const report: RunReport = {
    schema: 1,
    runId: summary.runId,
    policyVersion: summary.policyVersion,
    root: "ab".repeat(32),
    startedAtMs: summary.startedAtMs,
    durationMs: summary.durationMs,
    trigger: "interval",
    dryRun: false,
    counts: {
      none: 3,
      created: 0,
      updated: 1,
      deleted: 0,
      skipped: 0,
      blocked: 0,
      failed: 0,
      unknown: 0,
      would_change: 0,
    },
    resources: [
      { id: "file:/etc/motd", crate: "motd", outcome: "updated", diff: "+hello", durationMs: 2 },
    ],
    truncated: false,
  };
  return { summary, report };
}

export function someBundle(root: string): StoredBundle {
  return {
    root,
    policyVersion: "v1",
    resources: [bundleResourceSchema.parse({
      id: "file:/etc/motd",
      type: "file",
      name: "/etc/motd",
      crate: "motd",
      source: "configcrates/motd.vgo:2:5",
      dependsOn: [],
      notify: [],
      params: { content: `über ${root}` },
    })],
  };
}

export function someAuditRecord(seq: number): AuditRecord {
  return {
    seq,
    atMs: 1_700_000_000_000 + seq,
    principal: "local-root",
    action: "envoy.revoke",
    payload: { host: "web-1", list: [1, null, { deep: true }] },
    prevHash: String(seq - 1),
    hash: String(seq),
  };
}

export function someManifestEntry(author: string, stamp: number): ManifestEntry {
  return manifestEntrySchema.parse({
    sha256: "11".repeat(32),
    sizeBytes: 5,
    chunkSizeBytes: 64 * 1024,
    chunksDigest: "22".repeat(32),
    label: "hello.txt",
    target: "*",
    retentionSecs: 0,
    subsystem: "payload",
    origin: "server",
    createdMs: 1,
    state: "active",
    stamp,
    author: author.repeat(64),
    signature: "33".repeat(64),
  });
}
