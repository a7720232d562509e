import { join } from "node:path";
import { AuditLog } from "../../server/audit/audit_log.ts";
import { openSqliteStore } from "../../server/store/open_sqlite_store.ts";
import type { EnvoyRecord, Store, StoredRun } from "../../server/store/store.ts";
import { someTarget, someTask } from "../../server/store/task_fixture.ts";
import { OUTCOMES, type ResourceReport } from "../../shared/config/run_report.ts";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import type { RunOutcome } from "../../shared/rest/runs.ts";
import { NO_OUTPUT } from "../../shared/tasks/captured_output.ts";
import { noVerdicts, type Verdict } from "../../shared/tasks/verdict.ts";
import { HOSTILE_TEXT } from "./seed_envoys.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** The longest that an account may be called. */
const LONG_PERSON = `ci-${"deployment-robot-".repeat(3)}europe-west`.slice(0, 64);
/** Words that are long, wide, of other scripts, or written from the right. */
const WORDS = [
  "nightly release of the storefront, with the search index and everything that belongs to it "
    .repeat(
      2,
    ),
  "Überwachungsdienstkonfigurationsverwaltungssystemaktualisierung".repeat(3),
  "إصدار الليل",
  "夜間リリース・検索索引を含む",
  "release-\u{1f680}",
  HOSTILE_TEXT,
];

/**
 * Fills the database of a server that does not run with the past of its envoys: a day of minutes in which the server was down
 * for a while, runs of which one envoy fails every minute, tasks, queues, people, tokens, versions and an audit log.
 *
 * @param root of the server, whose envoys are there already.
 */
export async function seedFleet(root: string): Promise<void> {
  const store = await openSqliteStore(join(root, "srv/vigo/db/vigo.db"));
  try {
    const nowMs = Date.now();
    const envoys = (await store.envoys.list()).toSorted((one, other) =>
      other.enrolledAtMs - one.enrolledAtMs
    );
    const audit = new AuditLog(store, generateEd25519().signer, () => nowMs);
    await store.transaction(async (inside) => {
      await seedMinutes(inside, envoys.length, nowMs);
      await seedRuns(inside, envoys, nowMs);
      await seedTasks(inside, envoys, nowMs);
      await seedQueues(inside, envoys, nowMs);
      await seedPeople(inside, nowMs);
      await seedVersions(inside, nowMs);
      for (let at = 0; at < 240; at += 1) {
        await audit.recordInside(
          inside,
          { name: at % 3 === 0 ? `token:${LONG_PERSON} (user:${LONG_PERSON})` : "user:ann" },
          at % 5 === 0 ? "workflow.step.approval.given" : "task.run",
          {
            command: WORDS[at % WORDS.length] ?? "",
            target: envoys.slice(0, 4).map(({ hostname }) => hostname).join(","),
            operator: LONG_PERSON,
            sha256: sha256Hex(String(at)),
          },
        );
      }
    });
  } finally {
    await store.close();
  }
}

/** A day with its rhythm, two hours of which the server was down, and half an hour in which a fifth of the fleet failed. */
async function seedMinutes(store: Store, total: number, nowMs: number): Promise<void> {
  const last = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
  for (let ago = 1_439; ago >= 0; ago -= 1) {
    if (ago >= 600 && ago < 720) continue;
    const day = 0.6 + 0.4 * Math.sin((1_440 - ago) / 1_440 * 2 * Math.PI);
    const failed = ago >= 240 && ago < 270 ? Math.round(total / 5) : 9;
    const noData = Math.round(total * 0.05);
    const degraded = Math.round(12 * day);
    const isCasting = ago >= 380 && ago < 410;
    await store.minutes.add({
      minuteMs: last - ago * MINUTE_MS,
      checkIns: Math.round(total * (0.9 + 0.1 * day)),
      runs: Math.round(6 * day) + (ago >= 240 && ago < 270 ? 40 : 0),
      online: total - noData,
      converged: total - noData - degraded - failed,
      degraded,
      failed,
      noData,
      originBytes: isCasting ? 90_000_000 : 0,
      peerBytes: isCasting ? 2_400_000_000 : Math.round(4_000_000 * day),
      serverBytes: ago === 395 ? 60_000_000 : 0,
    });
  }
}

/** The second envoy fails every minute, and others change or degrade now and then. */
async function seedRuns(
  store: Store,
  envoys: readonly EnvoyRecord[],
  nowMs: number,
): Promise<void> {
  const [, broken] = envoys;
  if (!broken) return;
  for (let ago = 0; ago < 600; ago += 1) {
    await store.runs.add(someRun(broken, nowMs - ago * MINUTE_MS, "failed"));
  }
  for (let at = 0; at < 400; at += 1) {
    const envoy = envoys[(at * 37) % envoys.length] ?? broken;
    const outcome = (["changed", "changed", "degraded", "failed"] as const)[at % 4] ?? "changed";
    await store.runs.add(someRun(envoy, nowMs - at * 3 * MINUTE_MS - 20_000, outcome));
  }
}

function someRun(envoy: EnvoyRecord, startedAtMs: number, outcome: RunOutcome): StoredRun {
  const runId = crypto.randomUUID();
  const policyVersion = sha256Hex("policy").slice(0, 32);
  const resource = (
    id: string,
    came: ResourceReport["outcome"],
    more: Partial<ResourceReport> = {},
  ): ResourceReport => ({ id, crate: "base", outcome: came, durationMs: 12, ...more });
  const resources = outcome === "failed"
    ? [
      resource(`exec:${WORDS[1]}`, "failed", { reason: "exit 3: no space left on device" }),
      resource("service:storefront", "blocked", { reason: "what it depends on failed" }),
    ]
    : outcome === "degraded"
    ? [resource("package:nginx", "unknown", { reason: "the package lists cannot be read" })]
    : [
      resource("file:/etc/motd", "updated", {
        diff: `-${"old words ".repeat(30)}\n+${"new words ".repeat(30)}\n`,
        cause: "corrective",
      }),
      resource("exec:warm-caches", "skipped", { reason: "its condition does not hold" }),
    ];
  const counts = Object.fromEntries(
    OUTCOMES.map((one) => [one, resources.filter((other) => other.outcome === one).length]),
  ) as StoredRun["report"]["counts"]; // Every outcome is a key of it.
  const common = { runId, policyVersion, startedAtMs, durationMs: 1_840 };
  return {
    summary: {
      ...common,
      envoyUuid: envoy.uuid,
      hostname: envoy.hostname,
      receivedAtMs: startedAtMs + 2_000,
      trigger: "interval",
      outcome,
      changed: counts.updated,
      intentional: 0,
      corrective: counts.updated,
      failed: counts.failed,
      blocked: counts.blocked,
      skipped: counts.skipped,
      unknown: counts.unknown,
      total: 40,
    },
    report: {
      schema: 1,
      ...common,
      root: sha256Hex("root"),
      trigger: "interval",
      dryRun: false,
      counts,
      resources,
      truncated: false,
    },
  };
}

/** Tasks that are over; the newest had every envoy as a target, and came to everything that a task can come to. */
async function seedTasks(
  store: Store,
  envoys: readonly EnvoyRecord[],
  nowMs: number,
): Promise<void> {
  const verdicts: readonly Verdict[] = [
    "complete",
    "complete",
    "complete",
    "failed",
    "offline",
    "lost",
  ];
  for (let at = 0; at < 130; at += 1) {
    const chosen = at === 0 ? envoys : envoys.slice(at, at + 6);
    const counts = noVerdicts();
    const output = {
      stdout: {
        head: new TextEncoder().encode(`${"ready ".repeat(80)}\n${HOSTILE_TEXT}\n`),
        tail: new Uint8Array(),
        droppedBytes: 0,
      },
      stderr: NO_OUTPUT,
    };
    const targets = chosen.map(({ uuid, hostname }, position) => {
      const verdict = verdicts[(at + position) % verdicts.length] ?? "complete";
      counts[verdict] += 1;
      return someTarget(position, {
        envoyUuid: uuid,
        hostname,
        verdict,
        exitCode: verdict === "complete" ? 0 : verdict === "failed" ? 3 : null,
        durationMs: 120,
        output: verdict === "complete" || verdict === "failed" ? output : null,
      });
    });
    const createdAtMs = nowMs - at * 7 * MINUTE_MS;
    const task = someTask(`t${String(at).padStart(10, "0")}`, {
      createdAtMs,
      command: at % 3 === 0 ? WORDS[at % WORDS.length] ?? "uptime" : "uptime\nfree -m",
      target: at === 0 ? "*" : chosen.map(({ hostname }) => hostname).join(","),
      principal: at % 4 === 0 ? `token:${LONG_PERSON}` : "user:ann",
      operator: at % 2 === 0 ? LONG_PERSON : "",
      targets: targets.length,
    });
    await store.tasks.add({
      ...task,
      progress: {
        ...task.progress,
        status: "complete",
        phase: "over",
        finishedAtMs: createdAtMs + 4_000,
        counts,
        outputBytes: 1_000,
      },
    }, targets);
  }
}

async function seedQueues(
  store: Store,
  envoys: readonly EnvoyRecord[],
  nowMs: number,
): Promise<void> {
  for (let at = 0; at < 130; at += 1) {
    await store.queues.save({
      topicId: sha256Hex(`topic ${at}`),
      name: at % 4 === 0 ? `team.${"observability-".repeat(8)}${at}`.slice(0, 128) : `jobs.${at}`,
      founder: sha256Hex(`founder ${at}`),
      writer: envoys[at % 5]?.hostname ?? "hub",
      user: at % 7 === 0 ? "a-user-of-thirty-two-characters-" : "ann",
      firstSeq: 1,
      headSeq: at * 1_000 + 1,
      headId: sha256Hex(`head ${at}`),
      headPostedAtMs: nowMs - at * MINUTE_MS,
      receivedAtMs: nowMs - at * MINUTE_MS,
      sizeBytes: at * 1_234_567,
      delegations: [],
      appointment: null,
      equivocation: at !== 9 ? null : {
        seq: 4,
        author: sha256Hex("author"),
        ids: [sha256Hex("one"), sha256Hex("other")],
        other: "{}",
        from: envoys[0]?.hostname ?? "hub",
        atMs: nowMs,
      },
    }, []);
  }
}

async function seedPeople(store: Store, nowMs: number): Promise<void> {
  for (let at = 0; at < 130; at += 1) {
    const name = at === 0 ? LONG_PERSON : `person-${at}`;
    const createdAtMs = nowMs - at * HOUR_MS;
    await store.users.add({
      name,
      role: at % 3 === 0 ? "operator" : "viewer",
      // Of no password: they never log in.
      password: "",
      createdAtMs,
      createdBy: at % 2 === 0 ? `user:${LONG_PERSON}` : "user:ann",
      passwordAtMs: createdAtMs,
      lastLoginMs: at % 5 === 0 ? null : createdAtMs,
      disabledAtMs: at % 9 === 0 ? nowMs : null,
    });
    await store.apiTokens.add({
      hash: sha256Hex(`token ${at}`),
      name: at === 0 ? LONG_PERSON : `robot-${at}`,
      role: "viewer",
      owner: name,
      createdAtMs,
      createdBy: `user:${LONG_PERSON}`,
      expiresAtMs: nowMs + DAY_MS,
      lastUsedMs: at % 2 === 0 ? createdAtMs : null,
      revokedAtMs: at % 6 === 0 ? nowMs : null,
    });
  }
}

async function seedVersions(store: Store, nowMs: number): Promise<void> {
  for (let at = 40; at > 0; at -= 1) {
    await store.configVersions.append({
      version: sha256Hex(`version ${at}`),
      publishedAtMs: nowMs - at * HOUR_MS,
      publishedBy: at % 2 === 0 ? `user:${LONG_PERSON}` : "user:ann",
      message: WORDS[at % WORDS.length] ?? "",
      live: false,
      rollbackOf: at % 10 === 0 ? sha256Hex(`version ${at + 2}`) : null,
    });
  }
}
