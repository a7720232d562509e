import assert from "node:assert/strict";
import { explainStartFailure } from "./explain_start_failure.ts";
import { StoreError } from "./store/store_error.ts";

Deno.test("an address that cannot be listened on is named with the reason, whichever listener failed", () => {
  const explained = (message: string) => explainStartFailure(new Error(message));
  assert.match(
    explained("listen EADDRINUSE: address already in use 0.0.0.0:8443"),
    /^Cannot listen on 0\.0\.0\.0:8443: another program listens there\./,
  );
  assert.match(
    explained(
      "Cannot listen for agents on [::1]:1530: No address added out of total 1 resolved errors: " +
        "[listen EADDRINUSE: address already in use ::1:1530]. Is another server running?",
    ),
    /^Cannot listen on ::1:1530: another program listens there\./,
  );
  assert.match(
    explained("listen EADDRNOTAVAIL: address not available 192.0.2.1:8443"),
    /^Cannot listen on 192\.0\.2\.1:8443: this host has no such address\./,
  );
  assert.match(
    explained("listen EINVAL: invalid argument 192.0.2.1:1530"),
    /^Cannot listen on 192\.0\.2\.1:1530: this host has no such address\./,
  );
  assert.match(
    explained("listen EACCES: permission denied 0.0.0.0:443"),
    /0\.0\.0\.0:443: this user/,
  );
});

Deno.test("what else a start failed for is one line", () => {
  assert.equal(explainStartFailure(new StoreError("Cannot open database")), "Cannot open database");
  assert.equal(explainStartFailure(new TypeError("a\n  b")), "Cannot start: a b");
  assert.equal(explainStartFailure("thrown text"), "Cannot start: thrown text");
});

Deno.test("a path that cannot be used is named with the reason", () => {
  const error = Object.assign(new Error("Is a directory (os error 21): rename '/a' -> '/tls/b'"), {
    code: "EISDIR",
  });
  assert.equal(
    explainStartFailure(error),
    'Cannot start: cannot use "/tls/b": it is a folder. Put right what is there, and start again',
  );
});

Deno.test("a full disk is named as one, with what to do", () => {
  for (const words of ["No space left on device (os error 28)", "disk I/O error"]) {
    assert.match(explainStartFailure(new Error(words)), /disk takes no writes .*Make room/);
  }
});
