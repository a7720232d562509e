import assert from "node:assert/strict";
import type { RouteTable } from "../../api/route.ts";
import type { RunSummary } from "../../../shared/rest/runs.ts";
import { openUi } from "../ui_fixture.ts";
import { runPage } from "./run_page.tsx";
import { runsPage } from "./runs_page.tsx";

const BROKEN = crypto.randomUUID(), OTHER = crypto.randomUUID();
const START_MS = 1_700_000_000_000;

function run(hostname: string, minute: number, change: Partial<RunSummary> = {}): RunSummary {
  return {
    runId: crypto.randomUUID(),
    envoyUuid: hostname === "broken-1" ? BROKEN : OTHER,
    hostname,
    startedAtMs: START_MS + minute * 60_000,
    receivedAtMs: START_MS + minute * 60_000,
    durationMs: 40,
    policyVersion: "v1",
    trigger: "interval",
    outcome: "failed",
    changed: 0,
    intentional: 0,
    corrective: 0,
    failed: 1,
    blocked: 0,
    skipped: 0,
    unknown: 0,
    total: 3,
    ...change,
  };
}

/** Endpoints over runs, newest first, that are paged as the store pages them. */
function runRoutes(runs: readonly RunSummary[]): Partial<RouteTable> {
  return {
    runList: ({ query: { limit, cursor, status } }) => {
      const from = Number(cursor ?? 0);
      const fitting = runs.filter(({ outcome }) => status?.includes(outcome) ?? true);
      const isLast = from + limit >= fitting.length;
      return Promise.resolve({
        runs: fitting.slice(from, from + limit),
        nextCursor: isLast ? null : String(from + limit),
      });
    },
    runShow: ({ params }) => {
      const found = runs.find(({ runId }) => runId === params["id"]) ?? assert.fail("no such run");
      const resource = (id: string, outcome: "failed" | "updated" | "skipped" | "blocked") => ({
        id: `exec:${id}`,
        crate: "base",
        outcome,
        reason: `why ${id}`,
        durationMs: 1,
      });
      return Promise.resolve({
        ...found,
        report: {
          schema: 1 as const,
          runId: found.runId,
          policyVersion: found.policyVersion,
          root: "0".repeat(64),
          startedAtMs: found.startedAtMs,
          durationMs: found.durationMs,
          trigger: "interval" as const,
          dryRun: false,
          counts: {
            none: 0,
            created: 0,
            updated: 1,
            deleted: 0,
            skipped: 1,
            failed: 1,
            blocked: 1,
            unknown: 0,
            would_change: 0,
          },
          resources: [
            resource("late", "skipped"),
            resource("bad", "failed"),
            resource("after", "blocked"),
            resource("new", "updated"),
          ],
          truncated: false,
        },
      });
    },
  };
}

async function read(runs: readonly RunSummary[], address: string): Promise<string> {
  const ui = openUi([runsPage, runPage], runRoutes(runs));
  await ui.people.add("ann", "viewer");
  const browser = ui.browser();
  await browser.logIn("ann");
  const { status, text } = await browser.get(address);
  assert.equal(status, 200, text);
  return text;
}

Deno.test("an envoy that fails alike every minute is one row, and pushes nobody else out", async () => {
  const broken = Array.from({ length: 200 }, (_, at) => run("broken-1", 1_000 - at));
  const quiet = run("quiet-1", 10, { outcome: "changed", failed: 0, changed: 1 });
  const runs = [...broken, quiet];
  const text = await read(runs, "/runs");
  const rows = [...text.matchAll(/id="run-([0-9a-f-]+)"/g)].map(([, id]) => id);
  assert.deepEqual(rows, [broken[0]?.runId, quiet.runId]);
  assert.match(text, /200 times alike/);
  const each = await read(runs, `/runs?each=yes&target=${BROKEN}`);
  assert.equal(each.match(/id="run-/g)?.length, 50);
  assert.doesNotMatch(each, /times alike/);
});

Deno.test("of a run, what changed and what failed stands open, and nothing else", async () => {
  const failed = run("web-1", 1);
  const text = await read([failed], `/runs/${failed.runId}`);
  const open = [...text.matchAll(/<details class="fold" id="resource-exec:(\w+)"( open="")?/g)]
    .map(([, id, isOpen]) => [id, isOpen !== undefined]);
  assert.deepEqual(open, [["bad", true], ["after", false], ["new", true], ["late", false]]);
});
