import assert from "node:assert/strict";
import type { Filecast, FilecastHost } from "../../shared/rest/swarm.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { ApiClient } from "../client/api_client.ts";
import type { CliContext } from "../context.ts";
import { createOutput } from "../output/output.ts";
import { followFilecast, type FollowOptions } from "./follow_filecast.ts";

const cast: Filecast = {
  sha256: "ab".repeat(32),
  label: "app.tar",
  sizeBytes: 4 * 1024 * 1024,
  chunks: 4,
  target: "*",
  retentionSecs: 0,
  origin: "hub",
  state: "active",
  createdAtMs: 0,
  complete: 0,
  downloading: 0,
  pending: 0,
  skipped: 0,
};

function host(hostname: string, changes: Partial<FilecastHost>): FilecastHost {
  return {
    hostname,
    status: "downloading",
    chunksHave: 0,
    chunksTotal: 4,
    skipReason: "",
    sources: {},
    origin: false,
    ...changes,
  };
}

const COMPLETE = { status: "complete", chunksHave: 4, sources: { hub: 4 } } as const;

/** Follows a cast of which the server says these, one after the other, and then what it said last. */
async function follow(
  said: readonly (readonly FilecastHost[])[],
  options: FollowOptions,
  { isTerminal = false, isCutShort = false, isRevoked = false, pauses = Infinity } = {},
) {
  const stop = new AbortController();
  const written = { out: "", error: "" };
  const answers = [...said];
  let last = answers[0] ?? [];
  const client = {
    call: () => {
      if (isCutShort) {
        stop.abort();
        return Promise.reject(new DOMException("The signal has been aborted", "AbortError"));
      }
      last = answers.shift() ?? last;
      return Promise.resolve({
        filecast: isRevoked ? { ...cast, state: "revoked" } : cast,
        hosts: last,
      });
    },
  };
  const context = {
    output: createOutput({
      write: (text) => written.out += text,
      writeError: (text) => written.error += text,
      isTerminal,
      isErrorTerminal: isTerminal,
      ...(isTerminal ? { screen: { columns: 80, rows: 24 } } : {}),
    }),
    signal: stop.signal,
    pause: () => {
      if (--pauses <= 0) stop.abort();
      return Promise.resolve();
    },
  };
  // What following uses of a client and a context is what these have.
  const following = followFilecast(
    client as unknown as ApiClient,
    "ab".repeat(4),
    context as unknown as CliContext,
    options,
  );
  const error = await following.then(() => undefined, (thrown: unknown) => thrown);
  return { out: written.out, drawn: written.error, error };
}

Deno.test("on a pipe each change of a host is a line, and nothing is said twice", async () => {
  const slow = host("web-2", { chunksHave: 1 });
  const { out, error } = await follow([
    [host("web-1", { chunksHave: 1 }), slow],
    [host("web-1", { chunksHave: 3 }), slow],
    [host("web-1", COMPLETE), slow],
    [host("web-1", COMPLETE), host("web-2", COMPLETE)],
  ], { as: "table", json: false });
  assert.equal(error, undefined);
  assert.deepEqual(out.split("\n\n")[0]?.split("\n").slice(0, 5), [
    "web-1 downloading 1/4",
    "web-2 downloading 1/4",
    "web-1 downloading 3/4",
    "web-1 complete 4/4",
    "web-2 complete 4/4",
  ]);
  assert.match(out, /^Delivered 8\.4 MB: 100 % from peers$/m);
});

Deno.test("on a terminal the table is drawn in place, and stays at the end", async () => {
  const { out, drawn, error } = await follow(
    [
      [host("web-1", { chunksHave: 1 })],
      [host("web-1", COMPLETE)],
    ],
    { as: "table", json: false },
    { isTerminal: true },
  );
  assert.equal(error, undefined);
  assert.match(drawn, /^web-1 +downloading +1\/4$/m);
  assert.ok(drawn.includes("\x1b[A\x1b[2K"), "what was drawn is wiped");
  assert.equal(out.match(/^HOSTNAME/gm)?.length, 1);
  assert.match(out, /^web-1 +complete +4\/4 +hub: 4$/m);
});

Deno.test("bars show the share of bytes while they come", async () => {
  const hosts = [host("web-1", { chunksHave: 2, sources: { hub: 1, "web-2": 1 } })];
  const { drawn } = await follow([hosts], { as: "bars", json: false }, {
    isTerminal: true,
    pauses: 1,
  });
  assert.match(drawn, /^web-1 +\[#{12}-{12}\] +50% +downloading$/m);
  assert.match(drawn, /^Delivered 2\.1 MB: 100 % from peers$/m);
});

Deno.test("an interrupt ends it with 130, a host that skips with 1 and its reason", async () => {
  const stopped = await follow([[host("web-1", {})]], { as: "table", json: false }, { pauses: 2 });
  assert.ok(stopped.error instanceof UserError);
  assert.equal(stopped.error.exitCode, EXIT_CODE.interrupted);
  const cut = await follow([], { as: "bars", json: false }, { isCutShort: true });
  assert.ok(cut.error instanceof UserError);
  assert.match(cut.error.message, /^Stopped watching; the filecast goes on\. See it with: /);
  const skipped = await follow(
    [[host("web-1", { status: "skipped", skipReason: "insufficient disk space" })]],
    { as: "table", json: false },
  );
  assert.ok(skipped.error instanceof UserError);
  assert.equal(skipped.error.exitCode, EXIT_CODE.failed);
  assert.match(skipped.out, /^web-1 skipped 0\/4: insufficient disk space$/m);
});

Deno.test("waiting for a cast that is revoked meanwhile fails at once, watching it ends well when it is gone everywhere", async () => {
  const leaving = host("web-1", { status: "revoking", chunksHave: 3 });
  const gone = host("web-1", { status: "revoked" });
  const waited = await follow([[leaving]], { as: "bars", json: false }, {
    isRevoked: true,
    pauses: 1,
  });
  assert.ok(waited.error instanceof UserError);
  assert.equal(waited.error.exitCode, EXIT_CODE.failed);
  assert.equal(waited.error.message, "The filecast was revoked meanwhile");
  assert.match(waited.out, /^web-1 +revoking +3\/4$/m);
  const watched = await follow([[leaving], [gone]], { as: "table", json: false }, {
    isRevoked: true,
  });
  assert.equal(watched.error, undefined);
  assert.match(watched.out, /^Revoked: nothing is delivered any more$/m);
  assert.doesNotMatch(watched.out, /Nothing had to be delivered/);
});

Deno.test("as JSON only the end is told", async () => {
  const { out } = await follow([
    [host("web-1", { chunksHave: 1 })],
    [host("web-1", COMPLETE)],
  ], { as: "table", json: true });
  assert.equal(JSON.parse(out).hosts[0].status, "complete");
});
