import assert from "node:assert/strict";
import { systemFailure, systemReason } from "./system_failure.ts";

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

Deno.test("what the machine refuses is told in words, with the path", () => {
  assert.deepEqual(
    systemFailure(coded("EISDIR", "Is a directory (os error 21): readfile '/srv/vigo'")),
    { reason: "it is a folder", path: "/srv/vigo" },
  );
  assert.deepEqual(
    systemFailure(coded("ENOTEMPTY", "Directory not empty (os error 39): rename '/a' -> '/b'")),
    { reason: "the folder is not empty", path: "/b" },
  );
  assert.equal(
    systemFailure(coded("ENOTDIR", "connect ENOTDIR /x/agent.sock"))?.path,
    "/x/agent.sock",
  );
  assert.deepEqual(systemFailure(coded("ENOTDIR", "Not a directory (os error 20)")), {
    reason: "a part of the path is not a folder",
    path: undefined,
  });
});

Deno.test("an error without a code is known by its name", () => {
  const missing = new Error("open '/x'");
  missing.name = "NotFound";
  assert.deepEqual(systemFailure(missing), { reason: "no such file or folder", path: "/x" });
});

Deno.test("a path that the runtime closes is no question of flags that nobody has", () => {
  const error = new Error('Requires all access to "/proc/x", run again with the --allow-all flag');
  error.name = "NotCapable";
  assert.deepEqual(systemFailure(error), {
    reason: "it is closed to this program, as /proc and /sys are",
    path: "/proc/x",
  });
});

Deno.test("an error of another kind keeps its own words", () => {
  for (const other of [new TypeError("x is undefined"), coded("ECONNREFUSED", "refused"), "text"]) {
    assert.equal(systemFailure(other), undefined);
  }
  assert.equal(systemReason(new TypeError("x is undefined")), "x is undefined");
  assert.equal(systemReason("text"), "text");
  assert.equal(
    systemReason(coded("EMFILE", "Too many open files (os error 24): open '/x'")),
    "Too many open files",
  );
});
