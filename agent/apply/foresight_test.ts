import assert from "node:assert/strict";
import { bundleResource } from "../../tests/support/apply_resources.ts";
import { Foresight, judgeForeseen } from "./foresight.ts";

const WOULD = { outcome: "would_change" } as const;

Deno.test("accounts and folders that a run would make are foreseen, with the folders above if they are asked for", () => {
  const foresight = new Foresight();
  const note = (id: string, params: Record<string, string | boolean | number>) =>
    foresight.note(bundleResource(id, { params }), params, WOULD);
  note("group:g", { name: "ops" });
  note("directory:d", { path: "/srv/a/b", parents: true });
  note("directory:e", { path: "/opt/x" });
  note("archive:site", { path: "/var/www/site" });
  note("directory:gone", { path: "/gone", ensure: "absent" });
  const { has, mayHaveFolder } = foresight.before({ dependsOn: [] });
  assert.deepEqual([has("group", "ops"), has("user", "ops")], [true, false]);
  assert.deepEqual(
    ["/srv/a/b", "/srv/a", "/srv", "/opt/x", "/opt", "/var/www", "/gone"].map(mayHaveFolder),
    [true, true, true, true, false, true, false],
  );
});

Deno.test("a user brings a group of its name, unless it has another", () => {
  const foresight = new Foresight();
  foresight.note(bundleResource("user:a", { params: { name: "a" } }), { name: "a" }, WOULD);
  foresight.note(bundleResource("user:b", { params: {} }), { name: "b", gid: 7 }, WOULD);
  const { has } = foresight.before({ dependsOn: [] });
  assert.deepEqual([has("group", "a"), has("group", "b")], [true, false]);
});

Deno.test("what reaches far is awaited through everything between, and may make any folder", () => {
  const foresight = new Foresight();
  const command = bundleResource("exec:build", { params: {} });
  const between = bundleResource("file:between", { params: {}, dependsOn: ["exec:build"] });
  foresight.note(command, {}, WOULD);
  foresight.note(between, {}, { outcome: "none" });
  const last = bundleResource("file:last", { params: {}, dependsOn: ["file:between"] });
  assert.deepEqual(foresight.changesBefore(last), {
    nearestId: "exec:build",
    nearestFarReachingId: "exec:build",
  });
  assert.equal(foresight.before(last).mayHaveFolder("/any"), true);
  assert.deepEqual(foresight.changesBefore({ dependsOn: [] }), {
    nearestId: undefined,
    nearestFarReachingId: undefined,
  });
});

Deno.test("a check is believed as far as what comes before cannot change it", () => {
  const own = { reliesOnOthers: false, wantsAbsence: false };
  const file = { nearestId: "file:/a", nearestFarReachingId: undefined };
  const nothing = { nearestId: undefined, nearestFarReachingId: undefined };
  const failed = { outcome: "failed", reason: "no such unit" } as const;
  assert.equal(judgeForeseen(failed, nothing, own), failed);
  assert.deepEqual(judgeForeseen(failed, file, own), {
    outcome: "unknown",
    reason: "cannot be known before file:/a has changed: no such unit",
  });
  assert.deepEqual(judgeForeseen({ outcome: "none" }, file, own), { outcome: "none" });
  assert.equal(
    judgeForeseen({ outcome: "none" }, file, { ...own, reliesOnOthers: true }).outcome,
    "unknown",
  );
  const absence = { ...own, wantsAbsence: true };
  assert.equal(judgeForeseen({ outcome: "none" }, file, absence).outcome, "none");
  const far = { nearestId: "exec:b", nearestFarReachingId: "exec:b" };
  assert.equal(judgeForeseen({ outcome: "none" }, far, absence).outcome, "unknown");
  assert.equal(judgeForeseen(WOULD, far, own), WOULD);
});
