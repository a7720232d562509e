import assert from "node:assert/strict";
import { openSync } from "node:fs";
import { judgeDescriptors } from "./descriptor_path.ts";

const ignore = Deno.build.os !== "linux";

Deno.test({
  name: "a descriptor leads to the folder that was opened",
  ignore,
  fn: () => assert.equal(judgeDescriptors(), "there"),
});

Deno.test({
  name: "a runtime whose descriptors are another file's is found out",
  ignore,
  fn: () => assert.equal(judgeDescriptors(() => openSync("/dev/null", "r")), "astray"),
});
