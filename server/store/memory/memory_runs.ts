import type { RunSummary } from "../../../shared/rest/runs.ts";
import { readRunCursor, writeRunCursor } from "../run_cursor.ts";
import type { BundleRepository, MinuteRepository, RunRepository } from "../store.ts";
import { compareText } from "./compare_text.ts";
import type { Access } from "./memory_state.ts";

/** Runs with their reports. */
export function memoryRuns(access: Access): RunRepository {
  const newestFirst = (a: RunSummary, b: RunSummary) =>
    b.startedAtMs - a.startedAtMs || compareText(b.runId, a.runId);
  return {
    add: (run) =>
      access((state) => {
        if (state.runs.has(run.summary.runId)) return false;
        state.runs.set(run.summary.runId, structuredClone(run));
        return true;
      }),
    find: (runId) => access((state) => structuredClone(state.runs.get(runId))),
    list: ({ envoyUuids, outcomes, sinceMs, limit, cursor }) =>
      access((state) => {
        const after = cursor === undefined ? undefined : readRunCursor(cursor);
        const found = [...state.runs.values()].map(({ summary }) => summary)
          .filter((run) => envoyUuids?.has(run.envoyUuid) ?? true)
          .filter((run) => outcomes?.has(run.outcome) ?? true)
          .filter((run) => sinceMs === undefined || run.startedAtMs >= sinceMs)
          .filter((run) =>
            !after || run.startedAtMs < after.startedAtMs ||
            (run.startedAtMs === after.startedAtMs && run.runId < after.runId)
          )
          .sort(newestFirst);
        const runs = structuredClone(found.slice(0, limit));
        const last = runs.at(-1);
        return { runs, nextCursor: found.length > limit && last ? writeRunCursor(last) : null };
      }),
    prune: (beforeMs, limit) =>
      access((state) => {
        const old = [...state.runs.values()].map(({ summary }) => summary)
          .filter((run) => run.receivedAtMs < beforeMs)
          .sort((a, b) => a.receivedAtMs - b.receivedAtMs).slice(0, limit);
        for (const { runId } of old) state.runs.delete(runId);
        return old.length;
      }),
  };
}

/** Bundles by root, as long as something uses them. */
export function memoryBundles(access: Access): BundleRepository {
  return {
    saveAll: (bundles, atMs) =>
      access((state) => {
        for (const bundle of bundles) {
          const known = state.bundles.get(bundle.root)?.bundle;
          state.bundles.set(bundle.root, {
            bundle: known ?? structuredClone(bundle),
            usedAtMs: atMs,
          });
        }
      }),
    find: (root) => access((state) => structuredClone(state.bundles.get(root)?.bundle)),
    prune: (beforeMs, limit) =>
      access((state) => {
        const needed = new Set([
          ...[...state.runs.values()].map(({ report }) => report.root),
          ...[...state.observations.values()].map(({ fingerprint }) => fingerprint),
        ]);
        const old = [...state.bundles].filter(([root, { usedAtMs }]) =>
          usedAtMs < beforeMs && !needed.has(root)
        ).slice(0, limit);
        for (const [root] of old) state.bundles.delete(root);
        return old.length;
      }),
  };
}

/** A row a minute for charts. */
export function memoryMinutes(access: Access): MinuteRepository {
  return {
    add: (row) =>
      access((state) => {
        const known = state.minutes.get(row.minuteMs);
        state.minutes.set(row.minuteMs, {
          ...row,
          checkIns: row.checkIns + (known?.checkIns ?? 0),
          runs: row.runs + (known?.runs ?? 0),
          originBytes: row.originBytes + (known?.originBytes ?? 0),
          peerBytes: row.peerBytes + (known?.peerBytes ?? 0),
          serverBytes: row.serverBytes + (known?.serverBytes ?? 0),
        });
      }),
    list: (sinceMs, limit) =>
      access((state) =>
        structuredClone(
          [...state.minutes.values()].filter(({ minuteMs }) => minuteMs >= sinceMs)
            .sort((a, b) => a.minuteMs - b.minuteMs).slice(0, limit),
        )
      ),
    prune: (beforeMs) =>
      access((state) => {
        const old = [...state.minutes.keys()].filter((minuteMs) => minuteMs < beforeMs);
        for (const minuteMs of old) state.minutes.delete(minuteMs);
        return old.length;
      }),
  };
}
