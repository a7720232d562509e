import assert from "node:assert/strict";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { Authenticator } from "./authenticator.ts";
import { mintLocalToken } from "./local_token.ts";
import { TokenDigest } from "./token_digest.ts";

const TOKEN = "vgot_0123456789";
const certificate = {
  envoyUuid: crypto.randomUUID(),
  signingKey: "ab".repeat(32),
  fingerprint: "",
};

function authenticator(isTrusted = true): Authenticator {
  return new Authenticator(TokenDigest.of(TOKEN), { isTrusted: () => isTrusted });
}

Deno.test("the local token makes its bearer root, whatever the case of the scheme", () => {
  for (const authorization of [`Bearer ${TOKEN}`, `bearer ${TOKEN}`]) {
    const answer = authenticator().authenticate({ authorization, certificate: undefined });
    assert.deepEqual(answer, {
      ok: true,
      principal: { kind: "local_root", name: "local-root" },
    });
  }
});

Deno.test("a wrong token is refused, even beside a good certificate", () => {
  for (const token of ["wrong", `${TOKEN}x`, TOKEN.slice(0, -1), "x".repeat(4096)]) {
    const answer = authenticator().authenticate({ authorization: `Bearer ${token}`, certificate });
    assert.equal(answer.ok, false);
    assert.ok(!JSON.stringify(answer).includes(token));
  }
});

Deno.test("a header of another form is refused", () => {
  for (const authorization of ["", "Basic cm9vdDpyb290", TOKEN, `Bearer ${TOKEN} more`]) {
    assert.equal(authenticator().authenticate({ authorization, certificate: undefined }).ok, false);
  }
});

Deno.test("a certificate of the fleet makes an envoy; one that was revoked makes nobody", () => {
  const ask = (trusted: boolean) =>
    authenticator(trusted).authenticate({ authorization: undefined, certificate });
  assert.deepEqual(ask(true), {
    ok: true,
    principal: {
      kind: "envoy",
      name: `envoy:${certificate.envoyUuid}`,
      envoyUuid: certificate.envoyUuid,
    },
  });
  assert.deepEqual(ask(false), { ok: true, principal: { kind: "anonymous", name: "anonymous" } });
});

Deno.test("whoever proves nothing is nobody", () => {
  const answer = authenticator().authenticate({ authorization: undefined, certificate: undefined });
  assert.deepEqual(answer, { ok: true, principal: { kind: "anonymous", name: "anonymous" } });
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
