import assert from "node:assert/strict";
import type { TaskResult } from "../../../shared/rest/tasks.ts";
import { TASK } from "../components/rows_story.tsx";
import { openUi } from "../ui_fixture.ts";
import { taskPage } from "./task_page.tsx";

const RESULT: TaskResult = {
  position: 0,
  envoyUuid: crypto.randomUUID(),
  hostname: "web-1",
  batch: 0,
  state: "over",
  verdict: "complete",
  exitCode: 0,
  durationMs: 10,
  reason: null,
  stdout: {
    head: new Uint8Array(500_000).toBase64(),
    tail: new Uint8Array(500_000).toBase64(),
    droppedBytes: 10_000_000,
  },
  stderr: null,
};

async function show(query: string): Promise<string> {
  const ui = openUi([taskPage], {
    taskShow: () => Promise.resolve({ ...TASK, command: "seq", status: "complete" }),
    taskResults: () => Promise.resolve({ results: [RESULT], nextCursor: null }),
  });
  await ui.people.add("ann", "viewer");
  const browser = ui.browser();
  await browser.logIn("ann");
  const { status, text } = await browser.get(`/tasks/${TASK.id}${query}`);
  assert.equal(status, 200, text);
  return text;
}

Deno.test("output that was kept in part says how much of it a file holds", async () => {
  assert.match(await show("?output=0"), /stdout, 1 MB of 11 MB kept/);
});

Deno.test("what came while somebody looked on stands after the end of the task, and on no other page", async () => {
  const text = await show("?seen=yes");
  assert.match(text, /<h2>Output as it came<\/h2>[^]*id="live-output" hx-morph-skip=""/);
  assert.doesNotMatch(text, /href="[^"]*seen=/);
  assert.doesNotMatch(await show(""), /live-output/);
});
