import assert from "node:assert/strict";
import { storyBook } from "./story_book.tsx";

Deno.test("a link within a story leads to a page that says why there is nothing", async () => {
  const answer = await storyBook()(new Request("http://127.0.0.1/envoys/web-1"));
  assert.equal(answer.status, 404);
  assert.match(await answer.text(), /A story leads nowhere[^]*Back to the components/);
});
