import assert from "node:assert/strict";
import type { BundleResource } from "../../shared/config/policy_bundle.ts";
import { asksWhatMachineIs, decideCondition, type Turn } from "./decide_condition.ts";
import type { MachineFacts } from "./machine_facts.ts";

const TURN: Turn = { changed: false, awaited: undefined };

/** A machine that counts how often somebody looks for open ports. */
class Host implements MachineFacts {
  readonly traits = { os: { family: "debian" } };
  readonly failedCollectors = ["cloud"];
  looks = 0;
  constructor(readonly ports: readonly number[] | null = [22]) {}
  listeningPorts = () => {
    this.looks++;
    return Promise.resolve(this.ports === null ? undefined : new Set(this.ports));
  };
}

function when(expression: string): BundleResource["when"] {
  return { expression, scope: { vars: {} } };
}

async function decide(expression: string, turn: Partial<Turn> = {}, host = new Host()) {
  const decision = await decideCondition(when(expression), { ...TURN, ...turn }, host);
  return decision.state === "unknown" ? decision.reason : decision.state;
}

Deno.test("ports are looked at only if a condition asks for them and nothing is awaited", async () => {
  const host = new Host();
  assert.equal(await decide('os_family("debian")', {}, host), "true");
  assert.equal(host.looks, 0);
  assert.equal(await decide("port_listening(22)", {}, host), "true");
  assert.equal(host.looks, 1);
  assert.equal(
    await decide("port_listening(22)", { awaited: "service:ssh" }, host),
    'cannot decide "when: port_listening(22)" before service:ssh has changed',
  );
  assert.equal(host.looks, 1);
  assert.match(await decide("port_listening(22)", {}, new Host(null)), /does not tell which/);
});

Deno.test("what might be told waits, unless the condition is the same either way", async () => {
  const turn = { changed: { ifChanges: "file:/a" } } as const;
  assert.equal(await decide("changed", turn), "runs if file:/a changes, which is unknown");
  assert.equal(await decide('changed || os_family("debian")', turn), "true");
  assert.equal(await decide('changed && os_family("alpine")', turn), "false");
  assert.deepEqual(await decideCondition("changed", { ...TURN, ...turn }, new Host()), {
    state: "unknown",
    reason: "runs if file:/a changes, which is unknown",
  });
});

Deno.test("the collector that failed is blamed, and a condition that is none says where", async () => {
  assert.match(await decide('traits.cloud.provider == "aws"'), /the trait collector cloud failed$/);
  assert.match(await decide("traits.("), /^cannot decide "when: traits\.\(" at character \d+: /);
});

Deno.test("only a condition on what the machine is tells what the policy wants of it", () => {
  assert.equal(asksWhatMachineIs(when('os_family("debian")')), true);
  for (
    const each of [
      undefined,
      "changed" as const,
      ...["changed", "!port_listening(1)", "("].map(when),
    ]
  ) {
    assert.equal(asksWhatMachineIs(each), false, JSON.stringify(each));
  }
});
