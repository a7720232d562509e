import assert from "node:assert/strict";
import type { ConfigVersion } from "../../../shared/rest/config.ts";
import { CompareForm } from "./version_rows.tsx";

function version(version: string): ConfigVersion {
  return {
    version,
    publishedAtMs: 1,
    publishedBy: "a",
    message: "",
    live: false,
    rollbackOf: null,
  };
}

const shown = (...versions: readonly string[]) =>
  String(CompareForm({ versions: versions.map(version) })?.toString() ?? "");

Deno.test("a comparison is offered between two versions, and not where there is one alone", () => {
  assert.equal(shown(), "");
  assert.equal(shown("aaa"), "");
  // It was published, put back, and is still the only one.
  assert.equal(shown("aaa", "aaa"), "");
  assert.equal(shown("bbb", "aaa", "bbb").match(/<option/g)?.length, 4);
});
