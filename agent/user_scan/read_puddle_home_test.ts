import assert from "node:assert/strict";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { puddlePaths } from "../puddle/puddle_paths.ts";
import { puddleLineSchema } from "./puddle_lines.ts";
import { serveScan } from "./serve_scan.ts";

Deno.test("what is in the way of all parts of a puddle is told once", async () => {
  await using root = await TemporaryRoot.create();
  const { folder } = puddlePaths(root.path);
  await Deno.symlink("/dev/zero", folder);
  const problems: (string | null)[] = [];
  await serveScan(JSON.stringify({ kind: "puddle_read", home: root.path }), (said) => {
    const line = puddleLineSchema.parse(said);
    if (line.kind === "puddle") problems.push(line.facts.problem);
    return Promise.resolve();
  });
  assert.deepEqual(problems, [
    `Cannot use the folder of the puddle ${folder}: it is not a folder`,
  ]);
});
