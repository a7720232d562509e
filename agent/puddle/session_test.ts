import assert from "node:assert/strict";
import { Secret } from "../../shared/crypto/secret.ts";
import { generateEd25519, loadVerifier } from "../../shared/crypto/ed25519.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { eventually } from "../../tests/support/eventually.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { LockHeldError } from "../runtime/cycle_lock.ts";
import { CHEAP_COST } from "./cheap_cost.ts";
import { createIdentity, openIdentity, removeIdentity } from "./puddle_identity.ts";
import { puddlePaths } from "./puddle_paths.ts";
import { PuddleAbsentError, PuddleLockedError, PuddleSession } from "./puddle_session.ts";
import { loadSeed } from "./seed_signer.ts";
import { SESSION_IDLE_MS, SessionHelper } from "./session_helper.ts";
import { sessionPlace } from "./session_place.ts";

const passphrase = new Secret("correct horse");
const TAG = "vigo.poolq.msg.v1";
const frame = new TextEncoder().encode(`${TAG}\0and fields`);

interface Session {
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  readonly publicKey: string;
  readonly helper: SessionHelper;
}

async function startHelper(
  home: string,
  env: Readonly<Record<string, string>>,
  options: { idleMs?: number; watchEveryMs?: number; signal?: AbortSignal } = {},
): Promise<SessionHelper> {
  return await SessionHelper.listen({
    home,
    place: sessionPlace(home, env),
    signer: loadSeed(await openIdentity(home, passphrase)),
    idleMs: SESSION_IDLE_MS,
    nowMs: () => 1_000,
    signal: new AbortController().signal,
    ...options,
  });
}

async function withSession(
  test: (session: Session) => Promise<void>,
  options: { idleMs?: number; watchEveryMs?: number; runtime?: boolean } = {},
): Promise<void> {
  await using root = await TemporaryRoot.create();
  const { runtime, ...rest } = options;
  const env: Record<string, string> = runtime ? { XDG_RUNTIME_DIR: root.join("run") } : {};
  if (runtime) await Deno.mkdir(root.join("run"), { mode: 0o700 });
  const home = root.join("home");
  await Deno.mkdir(home);
  const publicKey = await createIdentity(home, passphrase, CHEAP_COST);
  const end = new AbortController();
  const helper = await startHelper(home, env, { ...rest, signal: end.signal });
  try {
    await test({ home, env, publicKey, helper });
  } finally {
    end.abort();
    await helper.ended;
  }
}

for (const runtime of [false, true]) {
  const where = runtime ? "in XDG_RUNTIME_DIR" : "in the home where there is no XDG_RUNTIME_DIR";
  Deno.test(`a session listens ${where} and signs with the puddle's key`, () =>
    withSession(async ({ home, env, publicKey }) => {
      const { folder, socket, secret } = sessionPlace(home, env);
      assert.equal(folder, runtime ? `${env["XDG_RUNTIME_DIR"]}/vigo` : puddlePaths(home).run);
      const found = await Promise.all([folder, socket, secret].map((path) => Deno.lstat(path)));
      const modes = found.map(({ mode }) => (mode ?? 0) & 0o777);
      assert.deepEqual(modes, [0o700, 0o600, 0o600]);
      using session = await PuddleSession.connect(home, env);
      const signature = await session.sign(TAG, frame);
      assert.ok(loadVerifier(Uint8Array.fromHex(publicKey)).verify(frame, signature));
    }, { runtime }));
}

Deno.test("calls may overlap, and answers come in order", () =>
  withSession(async ({ home, env, publicKey }) => {
    using session = await PuddleSession.connect(home, env);
    const frames = Array.from(
      { length: 200 },
      (_, index) => new TextEncoder().encode(`${TAG}\0${index}${"x".repeat(index * 100)}`),
    );
    const signatures = await Promise.all(frames.map((one) => session.sign(TAG, one)));
    const verifier = loadVerifier(Uint8Array.fromHex(publicKey));
    frames.forEach((one, index) =>
      assert.ok(verifier.verify(one, signatures[index] ?? new Uint8Array()))
    );
  }));

Deno.test("a session tells when it began and when it will end", () =>
  withSession(async ({ home, env, publicKey }) => {
    using session = await PuddleSession.connect(home, env);
    assert.deepEqual(await session.status(), {
      publicKey,
      pid: Deno.pid,
      startedAtMs: 1_000,
      endsAtMs: 1_000 + 8 * 60 * 60_000,
    });
  }));

Deno.test("a session signs nothing that changes who somebody is, and nothing under another tag", () =>
  withSession(async ({ home, env }) => {
    for (
      const [tag, text] of [
        ["vigo.puddle.delegation.v1", "vigo.puddle.delegation.v1\0"],
        ["vigo.puddle.name.v1", "vigo.puddle.name.v1\0"],
        [TAG, "vigo.puddle.name.v1\0"],
        [TAG, TAG],
        ["", "anything"],
      ] as const
    ) {
      using session = await PuddleSession.connect(home, env);
      await assert.rejects(session.sign(tag, new TextEncoder().encode(text)), /session refuses/);
    }
  }));

Deno.test("after a lock nobody signs, and no trace of the session is left", () =>
  withSession(async ({ home, env, helper }) => {
    const { socket, secret } = sessionPlace(home, env);
    using bystander = await PuddleSession.connect(home, env);
    const session = await PuddleSession.connect(home, env);
    await session.lock();
    await helper.ended;
    await assert.rejects(bystander.sign(TAG, frame), PuddleLockedError);
    await assert.rejects(PuddleSession.connect(home, env), PuddleLockedError);
    for (const path of [socket, secret, puddlePaths(home).unlocked]) {
      await assert.rejects(Deno.lstat(path), Deno.errors.NotFound, path);
    }
  }));

Deno.test("a session of which nothing is asked ends by itself", () =>
  withSession(async ({ home, env, helper }) => {
    await helper.ended;
    await assert.rejects(PuddleSession.connect(home, env), PuddleLockedError);
  }, { idleMs: 1 }));

Deno.test("a session ends when its identity is gone from the home", () =>
  withSession(async ({ home, env, helper }) => {
    using session = await PuddleSession.connect(home, env);
    await Deno.remove(puddlePaths(home).wrapped);
    await assert.rejects(session.sign(TAG, frame), /identity is gone/);
    await helper.ended;
  }, { runtime: true }));

Deno.test("a session notices by itself that its identity is gone", () =>
  withSession(async ({ home, helper }) => {
    await removeIdentity(home);
    await helper.ended;
  }, { runtime: true, watchEveryMs: 5 }));

Deno.test("there is one session at a time", () =>
  withSession(async ({ home, env }) => {
    await assert.rejects(startHelper(home, env), LockHeldError);
    using session = await PuddleSession.connect(home, env);
    await session.sign(TAG, frame);
  }));

Deno.test("whoever does not know the secret is answered nothing", () =>
  withSession(async ({ home, env }) => {
    const { socket, secret } = sessionPlace(home, env);
    await Deno.writeTextFile(secret, "0".repeat(64));
    await assert.rejects(PuddleSession.connect(home, env), /another session's/);
    const connection = await Deno.connect({ transport: "unix", path: socket });
    await connection.write(new TextEncoder().encode('{"do":"LOCK","secret":""}\n'));
    const said = await new Response(connection.readable).text();
    assert.match(said, /"ok":false/);
  }));

Deno.test("what is no line ends that connection alone", () =>
  withSession(async ({ home, env }) => {
    const { socket } = sessionPlace(home, env);
    for (const noise of ["\n", "{}\n", "not json\n", `${"x".repeat(300_000)}\n`]) {
      const connection = await Deno.connect({ transport: "unix", path: socket });
      // A connection that was cut for its noise refuses the rest of it.
      await ReadableStream.from([new TextEncoder().encode(noise)])
        .pipeTo(connection.writable, { preventClose: true }).catch(() => {});
      await new Response(connection.readable).text().catch(() => {});
    }
    using session = await PuddleSession.connect(home, env);
    await session.sign(TAG, frame);
  }));

Deno.test("without an identity, and without a session, the remedy is named", async () => {
  await using root = await TemporaryRoot.create();
  await assert.rejects(
    PuddleSession.connect(root.path, {}),
    (error) => error instanceof PuddleAbsentError && /vigo swarm puddle init/.test(error.message),
  );
  await createIdentity(root.path, passphrase, CHEAP_COST);
  await assert.rejects(
    PuddleSession.connect(root.path, {}),
    (error) => error instanceof PuddleLockedError && /vigo swarm puddle unlock/.test(error.message),
  );
});

Deno.test("a socket that a killed helper left is as good as none, and the next session takes its place", async () => {
  await using root = await TemporaryRoot.create();
  const home = root.path;
  await createIdentity(home, passphrase, CHEAP_COST);
  const place = sessionPlace(home, {});
  await Deno.mkdir(place.folder, { mode: 0o700 });
  Deno.listen({ transport: "unix", path: place.socket }).close();
  // Some runtimes remove the socket of a listener that is closed; a kill never does.
  if (!await Deno.lstat(place.socket).then(() => true, () => false)) {
    await new Deno.Command(Deno.execPath(), {
      args: [
        "eval",
        `Deno.listen({ transport: "unix", path: ${
          JSON.stringify(place.socket)
        } }); Deno.kill(Deno.pid, "SIGKILL");`,
      ],
    }).output();
  }
  await Deno.chmod(place.socket, 0o600);
  await Deno.writeTextFile(place.secret, "0".repeat(64), { mode: 0o600 });
  await assert.rejects(PuddleSession.connect(home, {}), PuddleLockedError);
  const end = new AbortController();
  const helper = await startHelper(home, {}, { signal: end.signal });
  using session = await PuddleSession.connect(home, {});
  await session.sign(TAG, frame);
  end.abort();
  await helper.ended;
});

Deno.test("a session of another identity is not taken for this one's", () =>
  withSession(async ({ home, env }) => {
    const other = generateEd25519().signer.publicKey.toHex();
    await Deno.writeTextFile(puddlePaths(home).publicKey, `${other}\n`);
    await assert.rejects(PuddleSession.connect(home, env), /holds another key/);
  }));

Deno.test({
  name: "another user's socket, secret or folder is refused before anything is said to it",
  ignore: Deno.uid() !== 0,
  fn: () =>
    withSession(async ({ home, env }) => {
      const place = sessionPlace(home, env);
      for (const path of [place.secret, place.socket, place.folder]) {
        await Deno.chown(path, 65_534, 65_534);
        await assert.rejects(
          PuddleSession.connect(home, env),
          (error) => error instanceof UserError && /belongs to the user/.test(error.message),
        );
        await Deno.chown(path, 0, 0);
      }
      await Deno.chmod(place.folder, 0o777);
      await assert.rejects(PuddleSession.connect(home, env), /chmod 0700/);
      await Deno.chmod(place.folder, 0o700);
      using session = await PuddleSession.connect(home, env);
      await session.status();
    }),
});

Deno.test("a place whose path is too long for a socket is told", () => {
  assert.throws(() => sessionPlace(`/${"x".repeat(120)}`, {}), /XDG_RUNTIME_DIR/);
});

Deno.test("a session that has ended is found to be locked, not broken", () =>
  withSession(async ({ home, env, helper }) => {
    const session = await PuddleSession.connect(home, env);
    await (await PuddleSession.connect(home, env)).lock();
    await helper.ended;
    await eventually("the session is seen to be locked", async () => {
      const failed = await session.status().catch((error) => error);
      return failed instanceof PuddleLockedError;
    });
  }));
