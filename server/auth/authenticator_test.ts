import assert from "node:assert/strict";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { Authenticator } from "./authenticator.ts";
import type { SessionCredentials } from "./credentials.ts";
import { mintLocalToken } from "./local_token.ts";
import { TokenDigest } from "./token_digest.ts";

const TOKEN = "vgot_0123456789";
const certificate = {
  envoyUuid: crypto.randomUUID(),
  signingKey: "ab".repeat(32),
  fingerprint: "",
};

const VIEWER = {
  kind: "token",
  name: "token:ci",
  hash: "00",
  owner: "ann",
  role: "viewer",
  expiresAtMs: 1,
} as const;
const ANN = {
  kind: "user",
  name: "user:ann",
  user: "ann",
  role: "operator",
  session: "00",
} as const;

/** Knows one token, one session whose pages carry "csrf", and one envoy. */
function authenticator(isTrusted = true, used: boolean[] = []): Authenticator {
  return new Authenticator({
    localToken: TokenDigest.of(TOKEN),
    envoys: { isTrusted: () => isTrusted },
    tokens: {
      holderOf: (token) => Promise.resolve(token === "vgot_viewer" ? VIEWER : undefined),
    },
    sessions: {
      holderOf: (cookie, isAutomatic) => {
        used.push(isAutomatic);
        return Promise.resolve(cookie === "session" ? ANN : undefined);
      },
      isCsrfToken: (cookie, token) => cookie === "session" && token === "csrf",
    },
  });
}

function session(given: Partial<SessionCredentials> = {}): SessionCredentials {
  return {
    cookie: "session",
    isWrite: false,
    csrfToken: undefined,
    isForeign: false,
    isAutomatic: false,
    ...given,
  };
}

Deno.test("the local token makes its bearer root, whatever the case of the scheme", async () => {
  for (const authorization of [`Bearer ${TOKEN}`, `bearer ${TOKEN}`]) {
    const answer = await authenticator().authenticate({ authorization, certificate: undefined });
    assert.deepEqual(answer, {
      ok: true,
      principal: { kind: "local_root", name: "local-root" },
    });
  }
});

Deno.test("a wrong token is refused, even beside a good certificate", async () => {
  for (const token of ["wrong", `${TOKEN}x`, TOKEN.slice(0, -1), "x".repeat(4096)]) {
    const answer = await authenticator().authenticate({
      authorization: `Bearer ${token}`,
      certificate,
    });
    assert.equal(answer.ok, false);
    assert.ok(!JSON.stringify(answer).includes(token));
  }
});

Deno.test("a header of another form is refused", async () => {
  for (const authorization of ["", "Basic cm9vdDpyb290", TOKEN, `Bearer ${TOKEN} more`]) {
    const answer = await authenticator().authenticate({ authorization, certificate });
    assert.equal(answer.ok, false);
  }
});

Deno.test("a certificate of the fleet makes an envoy; one that was revoked makes nobody", async () => {
  const ask = (trusted: boolean) =>
    authenticator(trusted).authenticate({ authorization: undefined, certificate });
  assert.deepEqual(await ask(true), {
    ok: true,
    principal: {
      kind: "envoy",
      name: `envoy:${certificate.envoyUuid}`,
      envoyUuid: certificate.envoyUuid,
    },
  });
  assert.deepEqual(await ask(false), {
    ok: true,
    principal: { kind: "anonymous", name: "anonymous" },
  });
});

Deno.test("whoever proves nothing is nobody", async () => {
  const answer = await authenticator().authenticate({
    authorization: undefined,
    certificate: undefined,
  });
  assert.deepEqual(answer, { ok: true, principal: { kind: "anonymous", name: "anonymous" } });
});

Deno.test("an API token makes its bearer what it was made for, and decides before a cookie", async () => {
  for (const given of [undefined, session()]) {
    const answer = await authenticator().authenticate({
      authorization: "Bearer vgot_viewer",
      session: given,
    });
    assert.deepEqual(answer, { ok: true, principal: VIEWER });
  }
  const wrong = await authenticator().authenticate({
    authorization: "Bearer wrong",
    session: session(),
  });
  assert.equal(wrong.ok, false);
});

Deno.test("a session reads with its cookie alone, and writes with the token of its pages", async () => {
  const ask = async (given: Partial<SessionCredentials>) => {
    const answer = await authenticator().authenticate({ session: session(given) });
    return answer.ok ? answer.principal.name : answer.status;
  };
  assert.equal(await ask({}), "user:ann");
  assert.equal(await ask({ isForeign: true }), "user:ann");
  assert.equal(await ask({ isWrite: true, csrfToken: "csrf" }), "user:ann");
  for (const csrfToken of [undefined, "", "other", "x".repeat(4096)]) {
    assert.equal(await ask({ isWrite: true, csrfToken }), 403);
  }
  assert.equal(await ask({ isWrite: true, csrfToken: "csrf", isForeign: true }), 403);
  assert.equal(await ask({ cookie: "ended" }), 401);
  assert.equal(await ask({ cookie: "x".repeat(4096) }), 401);
});

Deno.test("what a page asks by itself, and what another site caused, keeps no session alive", async () => {
  const used: boolean[] = [];
  const known = authenticator(true, used);
  await known.authenticate({ session: session() });
  await known.authenticate({ session: session({ isAutomatic: true }) });
  await known.authenticate({ session: session({ isWrite: true, csrfToken: "wrong" }) });
  assert.deepEqual(used, [false, true]);
});

Deno.test("a minted token lies in a file of mode 0600, and each is another", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("local.token");
  const first = await mintLocalToken(path);
  const firstToken = (await Deno.readTextFile(path)).trim();
  assert.match(firstToken, /^vgot_[\w-]{43}$/);
  assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
  assert.equal(first.matches(firstToken), true);
  const second = await mintLocalToken(path);
  assert.equal(second.matches(firstToken), false);
  assert.equal(second.matches((await Deno.readTextFile(path)).trim()), true);
});
