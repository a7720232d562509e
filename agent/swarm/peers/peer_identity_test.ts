import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { enrolMember, TestAuthority } from "../../../tests/e2e/swarm_fleet.ts";
import { readPeerIdentity } from "./peer_identity.ts";

function derOf(pem: string): Uint8Array {
  return new Uint8Array(new X509Certificate(pem).raw);
}

Deno.test("a certificate says the same each time it is shown, in either role", async () => {
  const authority = await TestAuthority.create();
  const member = await enrolMember(authority, "envoy-0");
  const raw = derOf(member.identity.certificate);
  const first = readPeerIdentity(raw, "client");
  assert.ok(first.ok);
  assert.deepEqual([first.peer.uuid, first.peer.hostname], [member.uuid, "envoy-0"]);
  assert.deepEqual(readPeerIdentity(raw.slice(), "client"), first);
  assert.deepEqual(readPeerIdentity(raw, "server"), first);
});

Deno.test("a certificate that was refused is refused again, and is not taken for another", async () => {
  const authority = await TestAuthority.create();
  const refused = derOf(authority.pem);
  for (const role of ["client", "server", "client"] as const) {
    const verdict = readPeerIdentity(refused, role);
    assert.match(verdict.ok ? "" : verdict.reason, /extended key usage/);
  }
  const others = await Promise.all(
    ["envoy-1", "envoy-2"].map((name) => enrolMember(authority, name)),
  );
  const names = others.map(({ identity }) => {
    const verdict = readPeerIdentity(derOf(identity.certificate), "server");
    return verdict.ok && verdict.peer.hostname;
  });
  assert.deepEqual(names, ["envoy-1", "envoy-2"]);
});
