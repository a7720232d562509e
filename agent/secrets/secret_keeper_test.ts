import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { PolicyBundle } from "../../shared/config/policy_bundle.ts";
import { ResolveSecretsRequest, ResolveSecretsResponse } from "../../shared/proto/agent.ts";
import { withSecret } from "../../tests/support/resource_with_secret.ts";
import type { CallOutcome } from "../server_link/server_gateway.ts";
import { SecretKeeper } from "./secret_keeper.ts";

/** A server with secrets, and an agent that holds a policy which names some of them. */
class Rig {
  readonly stored = new Map<string, string>();
  readonly unreadable = new Set<string>();
  readonly calls: string[][] = [];
  readonly logged: string[] = [];
  epoch = 1;
  suspectedClone = false;
  answer: (paths: string[]) => CallOutcome<Uint8Array> = (paths) => this.#serve(paths);
  readonly keeper: SecretKeeper;
  #bundle: PolicyBundle | undefined;

  constructor() {
    const note = (message: string, properties?: unknown) => {
      this.logged.push(message + JSON.stringify(properties) + Deno.inspect(properties));
    };
    this.keeper = new SecretKeeper({
      call: (_method, body) => {
        const { paths } = ResolveSecretsRequest.decode(body);
        this.calls.push(paths);
        return Promise.resolve(this.answer(paths));
      },
    }, { info: note, warn: note });
  }

  policy(...paths: string[]): void {
    this.#bundle = {
      schema: 1,
      envoyUuid: "6f1c2d3e-4b5a-4c6d-8e7f-0a1b2c3d4e5f",
      serial: 7,
      policyVersion: "v",
      root: "00".repeat(32),
      issuedAtMs: 1,
      resources: paths.map((path) => withSecret(path)),
    };
  }

  online(): Promise<void> {
    const { epoch: secretEpoch, suspectedClone } = this;
    return this.keeper.refresh(this.#bundle, { secretEpoch, suspectedClone });
  }

  offline(): Promise<void> {
    return this.keeper.refresh(this.#bundle, undefined);
  }

  value(path: string): string {
    const found = this.keeper.get(path);
    return found.ok ? found.secret.reveal() : `(${found.reason})`;
  }

  #serve(paths: string[]): CallOutcome<Uint8Array> {
    const secrets = paths.filter((path) => !this.unreadable.has(path)).map((path) => {
      const value = this.stored.get(path);
      return { path, value: Buffer.from(value ?? ""), missing: value === undefined };
    });
    const value = ResolveSecretsResponse.encode({ secrets, epoch: this.epoch }).finish();
    return { ok: true, value };
  }
}

const AWAY: CallOutcome<Uint8Array> = {
  ok: false,
  failure: { message: "connection refused", clockSuspected: false },
};

Deno.test("what the policy names is resolved once, and again when the epoch or the policy changes", async () => {
  const rig = new Rig();
  rig.stored.set("a", "value-a").set("b", "value-b");
  rig.policy("a");
  await rig.online();
  await rig.online();
  assert.deepEqual(rig.calls, [["a"]]);
  assert.equal(rig.value("a"), "value-a");
  assert.equal(rig.keeper.epoch, 1);
  rig.policy("a", "b");
  await rig.online();
  assert.deepEqual(rig.calls.slice(1), [["b"]]);
  rig.stored.set("a", "value-c");
  rig.epoch = 2;
  await rig.online();
  assert.deepEqual(rig.calls.slice(2), [["a", "b"]]);
  assert.deepEqual([rig.value("a"), rig.value("b")], ["value-c", "value-b"]);
});

Deno.test("a policy without secrets asks for none and holds none", async () => {
  const rig = new Rig();
  rig.stored.set("a", "value-a");
  await rig.online();
  assert.deepEqual(rig.calls, []);
  rig.policy("a");
  await rig.online();
  rig.policy();
  await rig.online();
  assert.match(rig.value("a"), /not available/);
  assert.deepEqual(rig.calls, [["a"]]);
});

Deno.test("a secret that the server lacks is named with the way to set it, and is not asked for again", async () => {
  const rig = new Rig();
  rig.policy("a");
  await rig.online();
  await rig.online();
  assert.equal(rig.calls.length, 1);
  assert.match(
    rig.value("a"),
    /^\(secret "a" does not exist on the server.*vigocli secrets set a\)$/,
  );
  rig.stored.set("a", "value-a");
  rig.epoch = 2;
  await rig.online();
  assert.equal(rig.value("a"), "value-a");
  rig.stored.delete("a");
  rig.epoch = 3;
  await rig.online();
  assert.match(rig.value("a"), /does not exist/);
});

Deno.test("without the server what was resolved stays, and what was not is not available", async () => {
  const rig = new Rig();
  rig.stored.set("a", "value-a");
  rig.policy("a", "b");
  await rig.offline();
  assert.equal(rig.value("a"), "(secret not available offline)");
  assert.equal(rig.keeper.epoch, 0);
  rig.policy("a");
  await rig.online();
  rig.policy("a", "b");
  await rig.offline();
  assert.equal(rig.value("a"), "value-a");
  assert.equal(rig.value("b"), "(secret not available offline)");
});

Deno.test("a resolution that fails keeps what there is and is tried again", async () => {
  const rig = new Rig();
  rig.stored.set("a", "value-a");
  rig.policy("a");
  await rig.online();
  const served = rig.answer;
  rig.answer = () => AWAY;
  rig.epoch = 2;
  rig.policy("a", "b");
  await rig.online();
  assert.equal(rig.value("a"), "value-a");
  assert.match(rig.value("b"), /secret "b": connection refused/);
  assert.equal(rig.keeper.epoch, 0, "the server is told that it has to be asked again");
  rig.answer = served;
  rig.stored.set("a", "value-c");
  await rig.online();
  assert.equal(rig.value("a"), "value-c");
  assert.equal(rig.keeper.epoch, 2);
});

Deno.test("what the server cannot read is asked for again, and an older value stays", async () => {
  const rig = new Rig();
  rig.stored.set("a", "value-a");
  rig.policy("a", "b");
  rig.unreadable.add("b");
  await rig.online();
  assert.match(rig.value("b"), /cannot be read by the server/);
  rig.unreadable.add("a").delete("b");
  rig.stored.set("b", "value-b");
  rig.epoch = 2;
  await rig.online();
  assert.deepEqual([rig.value("a"), rig.value("b")], ["value-a", "value-b"]);
  await rig.online();
  assert.deepEqual(rig.calls.at(-1), ["a"]);
});

Deno.test("a suspected clone does not ask", async () => {
  const rig = new Rig();
  rig.stored.set("a", "value-a");
  rig.policy("a");
  rig.suspectedClone = true;
  await rig.online();
  assert.deepEqual(rig.calls, []);
  assert.match(rig.value("a"), /two machines/);
});

Deno.test("many secrets are asked for in parts, and one that changes in between is asked for again", async () => {
  const rig = new Rig();
  const paths = Array.from({ length: 120 }, (_, index) => `p${String(index).padStart(3, "0")}`);
  for (const path of paths) rig.stored.set(path, `value of ${path}`);
  rig.policy(...paths);
  const served = rig.answer;
  rig.answer = (asked) => {
    const outcome = served(asked);
    rig.epoch += 1;
    return outcome;
  };
  await rig.online();
  assert.deepEqual(rig.calls.map(({ length }) => length), [50, 50, 20]);
  assert.equal(rig.keeper.epoch, 1, "that of the first part");
  rig.answer = served;
  await rig.online();
  assert.equal(rig.calls.length, 6);
  assert.equal(rig.keeper.epoch, rig.epoch);
});

Deno.test("one that changes while only others are asked for is asked for again", async () => {
  const rig = new Rig();
  rig.stored.set("a", "value-a").set("b", "value-b");
  rig.policy("a");
  await rig.online();
  rig.policy("a", "b");
  const served = rig.answer;
  rig.answer = (paths) => {
    rig.epoch = 2;
    rig.stored.set("a", "value-c");
    return served(paths);
  };
  await rig.online();
  assert.equal(rig.keeper.epoch, 1);
  rig.answer = served;
  await rig.online();
  assert.equal(rig.value("a"), "value-c");
});

Deno.test("an answer of another shape is refused whole, without a word of it", async () => {
  const rig = new Rig();
  rig.policy("a");
  const foreign = { path: "b", value: Buffer.from("hunter2"), missing: false };
  const broken = { path: "a", value: Buffer.from([0x68, 0xff]), missing: false };
  for (
    const value of [
      ResolveSecretsResponse.encode({ secrets: [foreign], epoch: 1 }).finish(),
      ResolveSecretsResponse.encode({ secrets: [broken], epoch: 1 }).finish(),
      Uint8Array.of(0xff, 0xff),
    ]
  ) {
    rig.answer = () => ({ ok: true, value });
    await rig.online();
    assert.match(rig.value("a"), /^\(secret "a": the server/);
    assert.equal(rig.keeper.epoch, 0);
  }
  assert.doesNotMatch(rig.logged.join(), /hunter2/);
});

Deno.test("an empty value is never taken for one", async () => {
  const rig = new Rig();
  rig.stored.set("a", "");
  rig.policy("a");
  await rig.online();
  assert.match(rig.value("a"), /cannot be read/);
});

Deno.test("values are taken out of text, former ones too, and neither log nor keeper shows any", async () => {
  const rig = new Rig();
  rig.stored.set("a", "first-value");
  rig.policy("a");
  await rig.online();
  rig.stored.set("a", "second-value");
  rig.epoch = 2;
  await rig.online();
  const { redact } = rig.keeper;
  assert.equal(redact("-p=first-value\n+p=second-value"), "-p=«secret»\n+p=«secret»");
  rig.policy();
  await rig.online();
  assert.equal(redact("p=second-value"), "p=«secret»");
  const shown = rig.logged.join() + Deno.inspect(rig.keeper, { depth: 9, showHidden: true }) +
    JSON.stringify(rig.keeper);
  assert.doesNotMatch(shown, /first-value|second-value/);
});
