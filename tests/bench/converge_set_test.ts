import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import {
  makeConvergeSet,
  type ManagedResource,
  RESOURCES_PER_APPLICATION,
} from "./converge_set.ts";

const set = makeConvergeSet(200, "root");

Deno.test("a set has as many resources as were asked for, all at paths of their own", () => {
  for (const size of [50, 200, 2000]) {
    const { resources } = makeConvergeSet(size, "root");
    assert.equal(resources.length, size);
    assert.equal(new Set(resources.map(({ path }) => path)).size, size);
  }
  assert.throws(() => makeConvergeSet(55, "root"), /want a multiple of 10/);
});

Deno.test("a set has files, folders, symbolic links and commands under either guard", () => {
  const count = (is: (resource: ManagedResource) => boolean) => set.resources.filter(is).length;
  const applications = 200 / RESOURCES_PER_APPLICATION;
  assert.equal(count(({ kind }) => kind === "folder"), applications);
  assert.equal(count(({ kind }) => kind === "file"), 6 * applications);
  assert.equal(count(({ kind }) => kind === "symlink"), applications);
  for (const guard of ["creates", "unless"]) {
    assert.equal(count((one) => one.kind === "copy" && one.guard === guard), applications);
  }
});

Deno.test("files differ, have between 200 bytes and 4 KiB, and hold no expression of any language", () => {
  const contents = set.resources.flatMap((resource) =>
    resource.kind === "file" ? [resource.content] : []
  );
  assert.equal(new Set(contents).size, contents.length);
  for (const content of contents) {
    assert.ok(content.length >= 200 && content.length <= 4096, `${content.length}`);
    assert.doesNotMatch(content, /\{\{|\{%|\$\{/);
  }
});

Deno.test("a resource stands after the folder it lies in and the file it needs", () => {
  const seen = new Set(["."]);
  for (const resource of set.resources) {
    const folder = dirname(resource.path);
    assert.ok(seen.has(folder), resource.path);
    if (resource.kind === "symlink") assert.ok(seen.has(join(folder, resource.target)));
    if (resource.kind === "copy") assert.ok(seen.has(resource.from));
    seen.add(resource.path);
  }
});
