import assert from "node:assert/strict";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { FileJournal } from "./notification_journal.ts";

Deno.test("what was saved is loaded by the next process", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("notifications.json");
  assert.deepEqual(await new FileJournal(path).load(), []);
  await new FileJournal(path).save(["service:nginx"]);
  assert.deepEqual(await new FileJournal(path).load(), ["service:nginx"]);
});

Deno.test("a damaged journal is named, not taken as empty", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("notifications.json");
  await Deno.writeTextFile(path, '["service:ng');
  await assert.rejects(
    new FileJournal(path).load(),
    /Cannot read notifications in ".*": it is not/,
  );
});
