import assert from "node:assert/strict";
import type { PeerCertificate } from "node:tls";
import { checkServerIdentity } from "./check_server_identity.ts";

/** The part of a certificate that is looked at. */
function named(subjectaltname: string): PeerCertificate {
  const certificate = { subject: { CN: "x" }, subjectaltname };
  return certificate as PeerCertificate; // The check reads nothing else.
}

Deno.test("the server is whom the fleet's CA names by the host that was dialled", () => {
  assert.equal(
    checkServerIdentity("vigo.example", named("DNS:localhost, DNS:vigo.example")),
    undefined,
  );
  assert.equal(checkServerIdentity("192.0.2.1", named("IP Address:192.0.2.1")), undefined);
  assert.ok(checkServerIdentity("other.example", named("DNS:vigo.example")));
});

Deno.test("an envoy's certificate never stands for the server, whatever hostname it has", () => {
  for (
    const names of ["DNS:vigo.example, URI:vigo:envoy:1", 'DNS:vigo.example, URI:"vigo:envoy:1"']
  ) {
    assert.match(
      checkServerIdentity("vigo.example", named(names))?.message ?? "",
      /that of an envoy/,
    );
  }
});
