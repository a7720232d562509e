import assert from "node:assert/strict";
import { answerJson } from "./answer_json.ts";

function ask(value: unknown, ifNoneMatch?: string, method = "GET"): Response {
  const request = new Request("https://server/", {
    method,
    headers: ifNoneMatch === undefined ? {} : { "if-none-match": ifNoneMatch },
  });
  return answerJson(request, value, new Headers({ "x-own": "kept" }));
}

Deno.test("whoever shows the tag of what is still so is told that without a body", async () => {
  const first = ask({ envoys: [1, 2] });
  const tag = first.headers.get("etag") ?? assert.fail();
  assert.deepEqual([first.status, await first.json()], [200, { envoys: [1, 2] }]);
  for (const known of [tag, `W/${tag}`, `"other", ${tag}`, "*"]) {
    const again = ask({ envoys: [1, 2] }, known);
    assert.deepEqual([again.status, await again.text()], [304, ""], known);
    assert.equal(again.headers.get("etag"), tag);
  }
});

Deno.test("another value has another tag, and is answered in full", async () => {
  const tag = ask({ envoys: [1, 2] }).headers.get("etag") ?? "";
  const changed = ask({ envoys: [1] }, tag);
  assert.deepEqual([changed.status, await changed.json()], [200, { envoys: [1] }]);
  assert.notEqual(changed.headers.get("etag"), tag);
});

Deno.test("what was done is always answered, and nothing is left in caches", async () => {
  const done = ask({ done: true }, "*", "POST");
  assert.deepEqual([done.status, await done.json()], [200, { done: true }]);
  assert.equal(done.headers.get("etag"), null);
  for (const response of [done, ask({}), ask({}, "*")]) {
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.equal(response.headers.get("x-own"), "kept");
  }
});
