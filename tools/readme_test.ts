import assert from "node:assert/strict";
import { RESOURCE_SCHEMAS } from "../shared/config/resource_schemas.ts";

const root = new URL("../", import.meta.url);
const readme = await Deno.readTextFile(new URL("README.md", root));

Deno.test("the README leads to every page of docs/", async () => {
  for await (const { name, isFile } of Deno.readDir(new URL("docs/", root))) {
    if (isFile) assert.ok(readme.includes(`(docs/${name})`), `it has no link to docs/${name}`);
  }
});

Deno.test("the README leads nowhere that is not there", async () => {
  for (const [, path = ""] of readme.matchAll(/\]\(((?!https?:)[^)#]+)/g)) {
    await Deno.stat(new URL(path, root));
  }
});

Deno.test("the README tells how many types of resource there are", () => {
  const [, count] = /\*\*\[(\d+) types of resource\]/.exec(readme) ?? [];
  assert.equal(Number(count), Object.keys(RESOURCE_SCHEMAS).length);
});
