import assert from "node:assert/strict";
import { runVigo } from "../../tests/support/run_vigo.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";

const PIN = `sha256//${"A".repeat(43)}=`;

/** A machine that is in no fleet, and a listener that counts who comes by. */
async function loneMachine() {
  const root = await TemporaryRoot.create();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let callers = 0;
  const counting = (async () => {
    for await (const connection of listener) {
      callers++;
      connection.close();
    }
  })();
  return {
    root,
    server: `https://127.0.0.1:${listener.addr.port}`,
    callers: () => callers,
    bootstrap: (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
      runVigo(["bootstrap", ...args], { root: root.path, env }),
    [Symbol.asyncDispose]: async () => {
      listener.close();
      await counting;
      await root[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a token goes to no server that nobody vouches for, and to none over plain HTTP", async () => {
  await using machine = await loneMachine();
  const { server } = machine;
  const cases: readonly (readonly [args: readonly string[], line: RegExp])[] = [
    [["--server", server], /^error: Cannot trust a server that is not named: give --pin/],
    [["--server", server, "--pin", PIN, "--ca", "ca.pem"], /^error: Cannot use --ca and --pin/],
    [["--server", server, "--pin", "sha256//short"], /^error: Cannot read pin "sha256\/\/short"/],
    [
      ["--server", server, "--ca", machine.root.join("none")],
      /^error: Cannot read CA file ".*none"/,
    ],
    [["--server", server.replace("https", "http"), "--pin", PIN], /^error: .*https/],
    [["--server", "nowhere", "--pin", PIN], /^error: .*nowhere/],
    [["--pin", PIN], /^error: .*--server/],
  ];
  for (const [args, line] of cases) {
    const { code, stdout, stderr } = await machine.bootstrap(args, { VIGO_TOKEN: "t" });
    assert.deepEqual([code, stdout], [2, ""], stderr);
    assert.match(stderr, line);
    assert.equal(stderr.trim().split("\n").length, 1);
  }
  assert.equal(machine.callers(), 0);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(machine.root.path)), []);
});

Deno.test("without a token nobody is asked for anything", async () => {
  await using machine = await loneMachine();
  const { code, stderr } = await machine.bootstrap(["--server", machine.server, "--pin", PIN]);
  assert.notEqual(code, 0);
  assert.match(stderr, /^error: .*token/i);
  assert.equal(machine.callers(), 0);
});

Deno.test("a server that hangs up enrols nothing and leaves a machine that may try again", async () => {
  await using machine = await loneMachine();
  const args = ["--server", machine.server, "--pin", PIN, "--hostname", "web-1"];
  for (const attempt of [1, 2]) {
    const { code, stdout, stderr } = await machine.bootstrap(args, { VIGO_TOKEN: "a".repeat(43) });
    assert.notEqual(code, 0, `attempt ${attempt}`);
    assert.equal(stdout, "");
    assert.match(stderr, /^error: [^\n]+\n$/);
  }
  const status = await runVigo(["status"], { root: machine.root.path });
  assert.match(status.stderr, /This machine is not enrolled/);
});
