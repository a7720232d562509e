import assert from "node:assert/strict";
import { AgentDatabase } from "./agent_database.ts";
import { DatabaseSecretTraces } from "./database_secret_traces.ts";

Deno.test("traces of secrets are there again after the agent has started anew", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const traces = { "file:app": ["/etc/app.conf"], "exec:login": [] };
    {
      using db = AgentDatabase.open(`${folder}/agent.db`);
      assert.deepEqual(await new DatabaseSecretTraces(db).load(), {});
      await new DatabaseSecretTraces(db).save(traces);
    }
    using db = AgentDatabase.open(`${folder}/agent.db`);
    assert.deepEqual(await new DatabaseSecretTraces(db).load(), traces);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
