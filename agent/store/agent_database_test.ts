import assert from "node:assert/strict";
import { AgentDatabase } from "./agent_database.ts";
import { openAgentDatabase } from "./open_agent_database.ts";

async function withFolder(work: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const silent = { error: () => {} };

Deno.test("facts and documents are there again after the file is opened anew", () =>
  withFolder((folder) => {
    {
      using db = AgentDatabase.open(`${folder}/agent.db`);
      db.setFacts({ cloneToken: Uint8Array.of(1, 2), clockOffsetMs: -5 });
      db.setDocument("bundle", { payload: Uint8Array.of(3), signature: Uint8Array.of(4) });
    }
    using db = AgentDatabase.open(`${folder}/agent.db`);
    assert.deepEqual(new Uint8Array(db.fact("cloneToken") ?? []), Uint8Array.of(1, 2));
    assert.equal(db.fact("clockOffsetMs"), -5);
    assert.equal(db.fact("heartbeat"), undefined);
    assert.deepEqual(new Uint8Array(db.document("bundle")?.payload ?? []), Uint8Array.of(3));
    assert.equal(db.document("fleet"), undefined);
  }));

Deno.test("reports leave in the order they came; the oldest are dropped and counted", () =>
  withFolder((folder) => {
    using db = AgentDatabase.open(`${folder}/agent.db`, { reports: 2, bytes: 100 });
    for (const id of ["a", "b", "c"]) db.enqueueReport(id, new Uint8Array(10));
    assert.equal(db.fact("droppedReports"), 1);
    const first = db.oldestReport();
    assert.equal(first?.runId, "b");
    db.removeReport(first?.sequence ?? 0);
    assert.equal(db.oldestReport()?.runId, "c");
    assert.equal(db.countReports(), 1);
  }));

Deno.test("a report queued twice is kept once", () =>
  withFolder((folder) => {
    using db = AgentDatabase.open(`${folder}/agent.db`);
    db.enqueueReport("a", new Uint8Array(1));
    db.enqueueReport("a", new Uint8Array(1));
    assert.equal(db.countReports(), 1);
  }));

Deno.test("a damaged file is set aside, said so, and a new one started", () =>
  withFolder(async (folder) => {
    const path = `${folder}/agent.db`;
    await Deno.writeTextFile(path, "this is not a database at all, ".repeat(200));
    const told: string[] = [];
    using db = await openAgentDatabase(path, { error: (message) => told.push(message) }, 7);
    assert.equal(db.countReports(), 0);
    assert.equal(told.length, 1);
    assert.ok((await Deno.readTextFile(`${path}.damaged-7`)).startsWith("this is not"));
  }));

Deno.test("damage inside the file is found when it is opened", () =>
  withFolder(async (folder) => {
    const path = `${folder}/agent.db`;
    {
      using db = AgentDatabase.open(path);
      for (let i = 0; i < 50; i++) db.enqueueReport(`run-${i}`, new Uint8Array(2_000).fill(i));
    }
    const bytes = await Deno.readFile(path);
    bytes.fill(0xa5, 4096 * 2, 4096 * 9);
    await Deno.writeFile(path, bytes);
    let told = 0;
    using db = await openAgentDatabase(path, { error: () => told++ }, 8);
    assert.equal(told, 1);
    assert.equal(db.countReports(), 0);
  }));

Deno.test("a file of a newer version is refused, not set aside", () =>
  withFolder(async (folder) => {
    const path = `${folder}/agent.db`;
    AgentDatabase.open(path).close();
    const { DatabaseSync } = await import("node:sqlite");
    const raw = new DatabaseSync(path);
    raw.exec("PRAGMA user_version = 99");
    raw.close();
    await assert.rejects(openAgentDatabase(path, silent, 9), /newer vigo/);
    assert.ok((await Deno.stat(path)).isFile);
  }));
