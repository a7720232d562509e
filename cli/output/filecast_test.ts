import assert from "node:assert/strict";
import type { Filecast, FilecastHost } from "../../shared/rest/swarm.ts";
import { isSettled, renderFilecast, renderShares, renderWait } from "./filecast.ts";

const cast: Filecast = {
  sha256: "ab".repeat(32),
  label: "app-v2.tar.gz",
  sizeBytes: 4 * 1024 * 1024,
  chunks: 4,
  target: "*",
  retentionSecs: 604_800,
  origin: "hub",
  state: "active",
  createdAtMs: 0,
  complete: 2,
  downloading: 0,
  pending: 0,
  skipped: 0,
};

function host(
  hostname: string,
  sources: Record<string, number>,
  more: Partial<FilecastHost> = {},
): FilecastHost {
  return {
    hostname,
    status: "complete",
    chunksHave: 4,
    chunksTotal: 4,
    skipReason: "",
    sources,
    origin: false,
    ...more,
  };
}

Deno.test("a cast is settled when every target has it or skipped it, and not before it has targets", () => {
  assert.equal(isSettled(cast, []), false);
  assert.equal(isSettled(cast, [host("a", {}), host("b", {}, { status: "skipped" })]), true);
  assert.equal(isSettled(cast, [host("a", {}), host("b", {}, { status: "pending" })]), false);
  assert.equal(isSettled(cast, [host("a", {}), host("b", {}, { status: "revoked" })]), true);
});

Deno.test("the share of chunks tells peers from the origin, and leaves the origin's own copy out", () => {
  const hosts = [
    host("hub", { cached: 4 }, { origin: true }),
    host("a", { hub: 3, b: 1 }),
    host("b", { a: 4 }),
  ];
  assert.equal(renderShares(hosts), "Delivered chunks: 62 % from peers, 38 % from the origin");
});

Deno.test("a hostile hostname or label reaches the terminal without its escape sequences", () => {
  const text = renderFilecast({ ...cast, label: "\x1b[31mred" }, [host("\x1b]0;title\x07", {})]) +
    renderWait(cast, [host("\x1b[2J", {})]);
  assert.ok(!text.includes("\x1b"), JSON.stringify(text));
});
