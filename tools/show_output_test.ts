import assert from "node:assert/strict";
import { findRuntimeCrash } from "./show_output.ts";

Deno.test("a crash of the runtime is known by its words, and a failed test is none", () => {
  assert.equal(findRuntimeCrash("Deno has panicked. This is a bug."), "Deno has panicked");
  assert.equal(
    findRuntimeCrash("a test ...deno: session.c:24: int f(void *): Assertion `a == 0' failed."),
    "a test ...deno: session.c:24: int f(void *): Assertion `a == 0' failed.",
  );
  assert.equal(findRuntimeCrash("# Fatal error in , line 0"), "# Fatal error in ");
  assert.equal(
    findRuntimeCrash("  vector.h:410: libc++ Hardening assertion __n < size() failed: vector[]"),
    "libc++ Hardening assertion ",
  );
  assert.equal(findRuntimeCrash("error: AssertionError: Expected values to be equal"), undefined);
});
