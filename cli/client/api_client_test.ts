import assert from "node:assert/strict";
import "reflect-metadata";
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from "@peculiar/x509";
import { taskCancel, taskList } from "../../shared/rest/tasks.ts";
import { createApiClient } from "./api_client.ts";
import { InterruptedCallError, UnreachableError } from "./api_error.ts";

/** A server that takes every request and answers none. */
function silentServer() {
  const held: Deno.Conn[] = [];
  const { promise: connected, resolve: connect } = Promise.withResolvers<void>();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = (async () => {
    for await (const connection of listener) {
      held.push(connection);
      connect();
    }
  })();
  return {
    baseUrl: `http://127.0.0.1:${listener.addr.port}`,
    /** Resolves when somebody has connected. */
    connected,
    cut: () => held.forEach((connection) => connection.close()),
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      for (const connection of held) {
        try {
          connection.close();
        } catch (error) {
          if (!(error instanceof Deno.errors.BadResource)) throw error;
        }
      }
    },
  };
}

Deno.test("an interrupt ends a question to a server that does not answer", async () => {
  await using server = silentServer();
  const stop = new AbortController();
  using client = createApiClient({ baseUrl: server.baseUrl }, { interrupt: stop.signal });
  const answer = client.call(taskList);
  await server.connected;
  stop.abort();
  await assert.rejects(answer, { name: "AbortError" });
  // Nor does what is asked afterwards wait.
  await assert.rejects(client.call(taskList), { name: "AbortError" });
});

Deno.test("an interrupt waits a moment for the answer to what changes something, and then says so", async () => {
  await using server = silentServer();
  const stop = new AbortController();
  using client = createApiClient({ baseUrl: server.baseUrl }, {
    interrupt: stop.signal,
    outcomeMs: 10,
  });
  const answer = client.call(taskCancel, { params: { id: "t1" }, body: { operator: "" } });
  await server.connected;
  stop.abort();
  await assert.rejects(
    answer,
    (error) => error instanceof InterruptedCallError && error.exitCode === 130,
  );
});

Deno.test("within that moment the answer counts", async () => {
  await using server = silentServer();
  const stop = new AbortController();
  using client = createApiClient({ baseUrl: server.baseUrl }, { interrupt: stop.signal });
  const answer = client.call(taskCancel, { params: { id: "t1" }, body: { operator: "" } });
  await server.connected;
  stop.abort();
  server.cut();
  await assert.rejects(answer, UnreachableError);
});

/** A certificate for `name` that is its own CA. */
async function certify(name: string): Promise<{ key: string; cert: string }> {
  const signingAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(signingAlgorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm,
    extensions: [new SubjectAlternativeNameExtension([{ type: "dns", value: name }])],
  });
  const der = new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  const key = `-----BEGIN PRIVATE KEY-----\n${der.toBase64()}\n-----END PRIVATE KEY-----\n`;
  return { key, cert: certificate.toString("pem") };
}

Deno.test("a server under a name that its certificate lacks is told from one that is not there", async () => {
  const { key, cert } = await certify("vigo.example.com");
  const tls = { hostname: "127.0.0.1", port: 0, key, cert, onListen: () => {} };
  await using server = Deno.serve(tls, () => new Response());
  const baseUrl = `https://127.0.0.1:${server.addr.port}`;
  using client = createApiClient({ baseUrl, ca: cert });
  await assert.rejects(
    client.call(taskList),
    /its certificate is for other names.*server\.tls_sans/,
  );
});
