import assert from "node:assert/strict";
import type { Filecast, FilecastHost } from "../../shared/rest/swarm.ts";
import {
  describeHosts,
  isSettled,
  renderBroken,
  renderFilecast,
  renderFormer,
  renderShares,
  renderWait,
} from "./filecast.ts";

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
  assert.equal(
    renderShares(cast, hosts),
    "Delivered 8.4 MB: 62 % from peers, 38 % from the origin",
  );
});

Deno.test("that nothing had to be delivered is said only once nothing is awaited any more", () => {
  const origin = host("hub", {}, { origin: true });
  const waiting = host("a", {}, { status: "pending" });
  assert.equal(renderShares(cast, [origin, waiting]), "Nothing was delivered yet");
  assert.equal(renderShares(cast, [origin]), "Nothing had to be delivered");
  assert.equal(
    renderShares({ ...cast, state: "revoked" }, [host("a", {}, { status: "revoked" })]),
    "Revoked: nothing is delivered any more",
  );
});

Deno.test("a hostile hostname or label reaches the terminal without its escape sequences", () => {
  const text = renderFilecast({ ...cast, label: "\x1b[31mred" }, [host("\x1b]0;title\x07", {})]) +
    renderWait(cast, [host("\x1b[2J", {})]) +
    renderBroken([{ hostname: "\x1b[2J", label: "\x1b[2J", reason: "\x1b[2J" }], []) +
    describeHosts([host("\x1b[2J", {})]).map(([, line]) => line).join();
  assert.ok(!text.includes("\x1b"), JSON.stringify(text));
});

Deno.test("a host is told in one line, with the reason when it skips", () => {
  const hosts = [
    host("a", {}, { status: "downloading", chunksHave: 3 }),
    host("b", {}, { status: "skipped", chunksHave: 0, skipReason: "insufficient disk space" }),
  ];
  assert.deepEqual(describeHosts(hosts), [
    ["a", "a downloading 3/4"],
    ["b", "b skipped 0/4: insufficient disk space"],
  ]);
});

Deno.test("broken seeds stand with host and reason, broken casts with whoever held them", () => {
  const seed = { hostname: "web-1", label: "x.bin", reason: "refused: not in swarm.seeders" };
  const lost = {
    sha256: "ab".repeat(32),
    label: "app",
    origin: "hub",
    reason: "its origin hub is offline",
    heldBy: ["web-2"],
  };
  assert.equal(
    renderBroken([seed], [lost]),
    `Broken seeds

HOSTNAME  SEED   REASON
web-1     x.bin  refused: not in swarm.seeders

Filecasts that no online envoy holds whole

SHA256        LABEL  REASON                     HELD BY (OFFLINE)
abababababab  app    its origin hub is offline  web-2`,
  );
});

Deno.test("what a cast replaces is said, and whose entry stands beside it", () => {
  const former = { label: "app\u001b.tar", target: "web-*", retentionSecs: 604_800, origin: "hub" };
  assert.equal(renderFormer({ former: null }), undefined);
  assert.equal(
    renderFormer({ former: { ...former, replaced: true } }),
    "It replaces what the same content was cast as: app\\u{1b}.tar for web-*, kept 7d",
  );
  assert.equal(
    renderFormer({ former: { ...former, origin: "ci-1", retentionSecs: 0, replaced: false } }),
    "ci-1 seeds the same content already, as app\\u{1b}.tar for web-*, kept for ever. That stands until it lets go",
  );
});
