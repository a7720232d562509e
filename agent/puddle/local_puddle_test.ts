import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { Secret } from "../../shared/crypto/secret.ts";
import { LocalServer } from "../local/local_server.ts";
import { type UserProofParts, UserProofs } from "../user_scan/user_proofs.ts";
import { serveScan } from "../user_scan/serve_scan.ts";
import type { ScannedUser } from "../user_scan/user_scans.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { CHEAP_COST } from "./cheap_cost.ts";
import { createPuddleApi, type PuddleServices } from "../puddle_mesh/local_puddle_api.ts";
import { LocalPuddleClient } from "./local_puddle_client.ts";
import { readHandedOverFrom } from "./offered_identity.ts";
import { PairingDesk } from "./pairing_desk.ts";
import { createIdentity } from "./puddle_identity.ts";
import { puddlePaths } from "./puddle_paths.ts";

const CODE = "0123-4567-89AB-CDEF";

interface Local {
  readonly path: string;
  readonly client: LocalPuddleClient;
  readonly home: string;
  readonly clock: { nowMs: number };
  readonly noted: string[];
  readonly services: PuddleServices;
}

/** A daemon's open socket with mara's home; looks into it are made by this process, which has her number. */
async function withDaemon(
  test: (local: Local) => Promise<void>,
  changes: Partial<PuddleServices> = {},
  find?: UserProofParts["find"],
): Promise<void> {
  await using root = await TemporaryRoot.create();
  const home = root.join("mara");
  await Deno.mkdir(home);
  const caller: ScannedUser = {
    name: "mara",
    uid: Deno.uid() ?? 0,
    gid: Deno.gid() ?? 0,
    home,
  };
  const clock = { nowMs: 0 };
  const noted: string[] = [];
  const services: PuddleServices = {
    proofs: new UserProofs({
      scans: {
        run: (_user, request, onLine) =>
          serveScan(JSON.stringify(request), async (line) => void await onLine(line)),
      },
      find: find ?? ((name) => Promise.resolve(name === "mara" ? caller : undefined)),
      nowMs: () => clock.nowMs,
    }),
    desk: new PairingDesk(() => clock.nowMs),
    hostname: () => "web-1",
    refusal: () => Promise.resolve(undefined),
    claim: ({ host }) => Promise.resolve({ ok: true, content: `from ${host}` }),
    note: (user) => noted.push(user),
    findInFleet: (reference) =>
      Promise.resolve({ kind: reference === "mara" ? "several" : "none" }),
    ...changes,
  };
  const path = root.join("a.sock");
  const server = await LocalServer.listen(path, 0o666, createPuddleApi(services));
  try {
    const client = new LocalPuddleClient(path, caller);
    await test({ path, client, home, clock, noted, services });
  } finally {
    await server.close();
  }
}

Deno.test("a user that proves itself opens an offer, and everybody sees how it stands", () =>
  withDaemon(async ({ client, home, services }) => {
    await createIdentity(home, new Secret("correct horse"), CHEAP_COST);
    const content = await readHandedOverFrom(home);
    assert.deepEqual(await client.post("/puddle/pair", { code: CODE, content }), {
      host: "web-1",
      lastsMs: 300_000,
    });
    assert.deepEqual(await client.get("/puddle/pair?user=mara"), services.desk.state("mara"));
    assert.equal(services.desk.state("mara").state, "open");
    // The file of the proof is gone.
    const names = (await Array.fromAsync(Deno.readDir(puddlePaths(home).folder)))
      .map(({ name }) => name).sort();
    assert.deepEqual(names, ["identity.pub", "identity.salt", "identity.wrapped", "retired"]);
  }));

Deno.test("what is offered must be an identity", () =>
  withDaemon(async ({ client, home }) => {
    await Deno.mkdir(puddlePaths(home).folder, { mode: 0o700 });
    const asked = client.post("/puddle/pair", { code: CODE, content: "{}" });
    await assert.rejects(asked, /no identity/);
    await assert.rejects(client.post("/puddle/pair", { code: "short", content: "{}" }), /code/);
  }));

Deno.test("a claim is made for a user that proves itself, and never at this machine itself", () =>
  withDaemon(async ({ client, home }) => {
    await Deno.mkdir(puddlePaths(home).folder, { mode: 0o700 });
    const join = (host: string) =>
      client.post("/puddle/join", { host, remoteUser: "mara", code: CODE });
    assert.deepEqual(await join("web-2"), { content: "from web-2" });
    await assert.rejects(join("web-1"), /that is this machine/);
  }));

Deno.test("whoever cannot make the file is not believed", () =>
  withDaemon(async ({ client, home }) => {
    const { folder } = puddlePaths(home);
    await Deno.mkdir(folder, { mode: 0o700 });
    const ask = () => client.post("/puddle/join", { host: "web-2", remoteUser: "x", code: CODE });
    // Somebody else could have made it there.
    await Deno.chmod(folder, 0o777);
    await assert.rejects(ask(), /not proven to be mara's: others may write/);
    await Deno.chmod(folder, 0o700);
    await ask();
  }));

Deno.test("a proof for a user whose home is another one is worth nothing", async () => {
  await using other = await TemporaryRoot.create();
  const dan = { name: "mara", uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0, home: other.path };
  await withDaemon(
    async ({ client, home }) => {
      await Deno.mkdir(puddlePaths(home).folder, { mode: 0o700 });
      const asked = client.post("/puddle/join", { host: "web-2", remoteUser: "x", code: CODE });
      await assert.rejects(asked, /not proven to be mara's: there is no such file/);
    },
    {},
    () => Promise.resolve(dan),
  );
});

Deno.test("files that are links, have a second name or another mode prove nothing", async () => {
  await using home = await TemporaryRoot.create();
  const folder = join(home.path, ".vigo-puddle");
  const name = "ab".repeat(32);
  const path = join(folder, name);
  await Deno.mkdir(folder, { mode: 0o700 });
  const look = async () => {
    const lines: unknown[] = [];
    const request = { kind: "puddle_proof", home: home.path, name };
    await serveScan(JSON.stringify(request), (line) => Promise.resolve(void lines.push(line)));
    const [line] = lines;
    return line;
  };
  const plants: readonly [plant: () => Promise<unknown>, reason: RegExp][] = [
    [() => Promise.resolve(), /no such file/],
    [() => Deno.symlink("/etc/passwd", path), /not a file/],
    [() => Deno.mkdir(path), /not a file/],
    [() => Deno.writeTextFile(path, "", { mode: 0o644 }), /mode is not 0600/],
    [async () => {
      await Deno.writeTextFile(path, "", { mode: 0o600 });
      await Deno.link(path, `${path}2`);
    }, /one name/],
  ];
  for (const [plant, reason] of plants) {
    await plant();
    assert.match(JSON.stringify(await look()), reason);
    await Deno.remove(`${path}2`).catch(() => {});
  }
  await Deno.writeTextFile(path, "", { mode: 0o600 });
  assert.deepEqual(await look(), { kind: "proof", isProven: true, reason: "" });
  // It proves one request.
  assert.match(JSON.stringify(await look()), /no such file/);
});

Deno.test("a nonce is good for one request within ten seconds, and for so many in a minute", async () => {
  const clock = { nowMs: 0 };
  const user = { name: "mara", uid: 0, gid: 0, home: "/none" };
  const proofs = new UserProofs({
    scans: {
      run: async (_user, _request, onLine) =>
        await onLine({ kind: "proof", isProven: true, reason: "" }),
    },
    find: (name) => Promise.resolve(name === "mara" ? user : undefined),
    nowMs: () => clock.nowMs,
  });
  const late = proofs.challenge("mara");
  clock.nowMs = 10_001;
  assert.equal((await late.judge()).ok, false);
  const once = proofs.challenge("mara");
  assert.equal((await once.judge()).ok, true);
  assert.equal((await once.judge()).ok, false);
  assert.equal((await proofs.challenge("nobody").judge()).ok, false);
  let last = await proofs.challenge("mara").judge();
  for (let count = 0; count < 40 && last.ok; count += 1) {
    last = await proofs.challenge("mara").judge();
  }
  assert.match(last.ok ? "" : last.reason, /too often/);
  clock.nowMs += 60_001;
  assert.equal((await proofs.challenge("mara").judge()).ok, true);
});

Deno.test("a user without the grant is refused after the proof", () =>
  withDaemon(async ({ client, home }) => {
    await Deno.mkdir(puddlePaths(home).folder, { mode: 0o700 });
    const asked = client.post("/puddle/join", { host: "web-2", remoteUser: "x", code: CODE });
    await assert.rejects(asked, /not granted here/);
  }, { refusal: () => Promise.resolve("not granted here") }));

Deno.test("a hint is taken from anybody, and a daemon that is away is no fault of it", async () => {
  await withDaemon(async ({ client, noted }) => {
    await client.noteChange();
    assert.deepEqual(noted, ["mara"]);
    await assert.rejects(client.get("/puddle/other"), /nothing is known/);
  });
  const away = new LocalPuddleClient("/nowhere/a.sock", {
    name: "mara",
    uid: 0,
    gid: 0,
    home: "/none",
  });
  await away.noteChange();
  await assert.rejects(away.get("/puddle/pair?user=mara"), /vigo status/);
});

/** Sends a request to the socket, piece by piece: the next when something was answered. Answers what was. */
function sendRaw(
  socketPath: string,
  path: string,
  pieces: readonly string[],
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const left = [...pieces];
    const send = () => {
      const piece = left.shift() ?? "";
      if (left.length > 0) request.write(piece);
      else request.end(piece);
    };
    const request = httpRequest({ socketPath, path, method: "POST", agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        text += part;
        if (left.length > 0) send();
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on("error", reject);
    send();
  });
}

Deno.test("anybody may ask what the fleet knows by a key or a name", () =>
  withDaemon(async ({ client }) => {
    assert.deepEqual(await client.get("/puddle/known?puddle=mara"), { kind: "several" });
    assert.deepEqual(await client.get("/puddle/known?puddle=dan"), { kind: "none" });
    await assert.rejects(
      client.get("/puddle/known?puddle=../x"),
      /expected a puddle's key or name/,
    );
  }));

Deno.test("a line that is too long is refused in one line, before or after the user is named", () =>
  withDaemon(async ({ path, home }) => {
    await Deno.mkdir(puddlePaths(home).folder, { mode: 0o700 });
    const long = "x".repeat(4 * 1024 * 1024);
    const before = await sendRaw(path, "/puddle/join", [long]);
    assert.equal(before.status, 413);
    assert.match(
      before.text,
      /^\{"message":"Cannot read the request: a line of more than \d+ bytes"\}\n$/,
    );
    const after = await sendRaw(path, "/puddle/join", ['{"user":"mara"}\n', long]);
    const [nonce = "", answer = ""] = after.text.split("\n");
    assert.match(nonce, /^\{"nonce":/);
    assert.equal(JSON.parse(answer).status, 413);
    assert.match(answer, /Cannot read the request: a line of more than/);
    const hint = await sendRaw(path, "/puddle/changed", [long]);
    assert.deepEqual([hint.status, hint.text], [400, '{"message":"a hint names a user"}\n']);
  }));
