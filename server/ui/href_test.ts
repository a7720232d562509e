import assert from "node:assert/strict";
import { href, path } from "./href.ts";
import { localPath } from "./shell/local_path.ts";

Deno.test("a link keeps what the page was asked, but for what it changes", () => {
  const url = new URL("https://x/envoys?target=a%26b&cursor=c");
  assert.equal(href(url, { cursor: undefined, sort: "-seen" }), "/envoys?target=a%26b&sort=-seen");
  assert.equal(href(url, { cursor: "", target: undefined }), "/envoys");
});

Deno.test("a word in a path stays one part of it", () => {
  assert.equal(path`/envoys/${"a/../b?c#d"}/x`, "/envoys/a%2F..%2Fb%3Fc%23d/x");
});

Deno.test("only an address of this server is gone to after a login", () => {
  for (const good of ["/", "/envoys?target=a%26b", "/runs/1"]) assert.equal(localPath(good), good);
  for (
    const bad of [
      "",
      "envoys",
      "//evil",
      "/\\evil",
      "https://evil/",
      "/a\n",
      "/..//evil",
      "/%0a\\",
      "/login",
      "/login?x",
    ]
  ) {
    assert.equal(localPath(bad), "/", bad);
  }
});
