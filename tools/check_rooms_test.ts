import assert from "node:assert/strict";
import { dirname } from "node:path";
import { TemporaryRoot } from "../tests/support/temporary_root.ts";
import { checkRooms } from "./check_rooms.ts";

async function check(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  await using root = await TemporaryRoot.create();
  for (const [file, text] of Object.entries(files)) {
    await Deno.mkdir(root.join(dirname(file)), { recursive: true });
    await Deno.writeTextFile(root.join(file), text);
  }
  return await checkRooms(root.path);
}

Deno.test("rooms that can be read in an order have no findings, and a folder is one room with what lies in it", async () => {
  assert.deepEqual(
    await check({
      "server/api/a.ts": 'import "../store/b.ts";',
      "server/store/b.ts": 'import "./sql/c.ts";',
      "server/store/sql/c.ts": 'import type { B } from "../b.ts";',
    }),
    [],
  );
});

Deno.test("rooms that import each other are named, however long the way round is, with the import that closes it", async () => {
  const files = {
    "agent/cycle/a.ts": 'import "../store/b.ts";\nimport "../store/d.ts";',
    "agent/store/b.ts": 'export * from "../traits/c.ts";',
    "agent/store/d.ts": 'import "../traits/c.ts";',
    "agent/traits/c.ts": 'import type { A } from "../cycle/a.ts";',
  };
  assert.deepEqual(await check(files), [
    "agent: the rooms cycle, store, traits import each other in a circle, for one by agent/traits/c.ts, which imports agent/cycle/a.ts",
  ]);
});

Deno.test("what only tests and stories see closes no circle", async () => {
  assert.deepEqual(
    await check({
      "server/api/a.ts": 'import "../store/b.ts";',
      "server/store/b_test.ts": 'import "../api/a.ts";',
      "server/store/b_fixture.ts": 'import "../api/a.ts";',
      "server/store/fake_b.ts": 'import "../api/a.ts";',
      "server/store/b.ts": "export {};",
    }),
    [],
  );
});
