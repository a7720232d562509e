import assert from "node:assert/strict";
import { EXIT_CODE } from "./exit_code.ts";
import { exitCodeOf, formatError, UserError } from "./user_error.ts";

const ERROR = new UserError("Cannot reach https://vigo:8443: refused. Start the server", {
  exitCode: EXIT_CODE.unreachable,
  cause: new Error("connect failed", { cause: new TypeError("bad\x1b[2J address") }),
});

Deno.test("an expected failure is one line, with its causes when asked for", () => {
  assert.equal(formatError(ERROR, { verbose: false }), ERROR.message);
  assert.equal(
    formatError(ERROR, { verbose: true }),
    [
      ERROR.message,
      "  caused by: Error: connect failed",
      "  caused by: TypeError: bad\\u{1b}[2J address",
    ].join("\n"),
  );
});

Deno.test("an unexpected error says that it is a bug and how to see where", () => {
  const text = formatError(new TypeError("x is not\na function"), { verbose: false });
  assert.equal(
    text,
    "TypeError: x is not\\na function. This is a bug. Run again with --verbose to see where, and report it",
  );
  assert.match(formatError(new TypeError("x"), { verbose: true }), /user_error_test\.ts/);
  assert.match(formatError("just text", { verbose: false }), /^just text\. This is a bug/);
});

Deno.test("a path that the machine refuses is no bug", () => {
  const error = Object.assign(new Error("Is a directory (os error 21): readfile '/srv/x'"), {
    code: "EISDIR",
  });
  const line = 'Cannot use "/srv/x": it is a folder. Check that path, its rights and its disk';
  assert.equal(formatError(error, { verbose: false }), line);
  const [first, ...stack] = formatError(error, { verbose: true }).split("\n");
  assert.equal(first, line);
  assert.match(stack.join("\n"), /user_error_test\.ts/);
});

Deno.test("a message of several lines is printed on one", () => {
  assert.equal(formatError(new UserError("a\nb"), { verbose: false }), "a\\nb");
});

Deno.test("a ring of causes ends", () => {
  const ring = new UserError("a");
  ring.cause = ring;
  assert.equal(formatError(ring, { verbose: true }).split("\n").length, 12);
});

Deno.test("the exit status is the error's own, and 1 for a bug", () => {
  assert.equal(exitCodeOf(ERROR), 4);
  assert.equal(exitCodeOf(new UserError("x")), 1);
  assert.equal(exitCodeOf(new Error("x")), 1);
});
