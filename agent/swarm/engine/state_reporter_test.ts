import assert from "node:assert/strict";
import { sha256Hex } from "../../../shared/crypto/sha256.ts";
import { TemporaryRoot } from "../../../tests/support/temporary_root.ts";
import { STATE } from "../../commands/swarm_state_fixture.ts";
import type { FromEngine, SwarmLinks } from "../channel.ts";
import { TaskScope } from "../runtime/task_scope.ts";
import { reconcileLinks } from "../swarm_links.ts";
import { reportPauseMs, StateReporter } from "./state_reporter.ts";

const first = sha256Hex("first"), second = sha256Hex("second");

/** A reporter with a folder of its own, whose links are really made, under a clock that the test moves. */
async function startReporter(root: TemporaryRoot) {
  for (const folder of ["files", ".blobs"]) await Deno.mkdir(root.join(folder));
  const links: SwarmLinks = { files: { "release.bin": first }, seeds: {} };
  const posted: FromEngine[] = [];
  const test = {
    nowMs: 0,
    asked: 0,
    links,
    posted,
    target: () => Deno.readLink(root.join("files", "release.bin")),
    removeLink: () => Deno.remove(root.join("files", "release.bin")),
  };
  const reporter = new StateReporter({
    scope: new TaskScope(() => {}),
    path: root.join("state.json"),
    state: () => STATE,
    links: () => test.links,
    chunkMap: () => undefined,
    clockOffsetMs: () => 0,
    post: (message) => void posted.push(message),
    link: (links) => {
      test.asked += 1;
      return reconcileLinks(root.path, links);
    },
    now: () => test.nowMs,
  });
  return { test, reporter };
}

Deno.test("reports come each second, and more rarely where each takes long", () => {
  assert.equal(reportPauseMs(0), 1000);
  assert.equal(reportPauseMs(20), 1000);
  assert.equal(reportPauseMs(600), 5400);
});

Deno.test("a link that somebody removed stands again within a minute although nothing else changed", async () => {
  await using root = await TemporaryRoot.create();
  const { test, reporter } = await startReporter(root);
  await reporter.report();
  assert.equal(await test.target(), `../.blobs/${first}`);
  for (const minute of [1, 2]) {
    await test.removeLink();
    test.nowMs = minute * 60_000;
    await reporter.report();
    assert.equal(await test.target(), `../.blobs/${first}`);
  }
  assert.equal(test.posted.length, 1);
});

Deno.test("links that stay the same are asked for once a minute however often there is a report, and others at once", async () => {
  await using root = await TemporaryRoot.create();
  const { test, reporter } = await startReporter(root);
  for (; test.nowMs < 180_000; test.nowMs += 2000) await reporter.report();
  assert.equal(test.asked, 3);
  test.links = { files: { "release.bin": second }, seeds: {} };
  await reporter.report();
  assert.equal(await test.target(), `../.blobs/${second}`);
});
