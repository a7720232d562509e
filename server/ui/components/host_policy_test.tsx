import assert from "node:assert/strict";
import { hostPolicyStory } from "./host_policy_story.tsx";

Deno.test("of many resources a handful stand on the page, and the others behind a fold", async () => {
  const story = hostPolicyStory.cases.find(({ name }) => name === "many resources");
  const text = String(await story?.show()?.toString());
  const [before = "", after = ""] = text.split("580 more resources");
  assert.equal(before.match(/<details class="fold"/g)?.length, 20);
  assert.equal(after.match(/<details class="fold"/g)?.length, 480);
  assert.match(after, /Of 600 resources the first 500 are shown/);
});
