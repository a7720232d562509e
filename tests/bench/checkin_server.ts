/** The server process of the check-in benchmark: the real service over SQLite, and envoys enrolled in bulk. */
import "reflect-metadata";
import { join } from "node:path";
import process from "node:process";
import { PemConverter } from "@peculiar/x509";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { generateKeyPair } from "../../server/enroll/certificates.ts";
import { openSqliteStore } from "../../server/store/open_sqlite_store.ts";
import type { SimulatedIdentity } from "../support/simulated_envoy.ts";
import { SimulatedFleet } from "../support/simulated_fleet.ts";
import { answer, readCommands } from "./checkin_protocol.ts";

const [folder = "", count = ""] = Deno.args;
const store = await openSqliteStore(join(folder, "bench.db"));
const server = await SimulatedFleet.start({ store });
await Deno.writeTextFile(
  join(folder, "identities.json"),
  JSON.stringify(await enrolMany(Number(count))),
);
answer({ kind: "ready", address: server.address });
for await (const command of readCommands()) {
  if (command.kind === "stop") break;
  if (command.kind === "usage") {
    // Read first: the collection below is this benchmark's cost and no check-in's.
    const { user, system } = process.cpuUsage();
    // Without it the figure would say when the collector last ran, not what is held.
    if (typeof globalThis.gc === "function") globalThis.gc();
    answer({
      kind: "usage",
      cpuMs: (user + system) / 1000,
      rssBytes: Deno.memoryUsage().rss,
      streams: server.fleet.streams.size,
    });
  }
}
await server[Symbol.asyncDispose]();
await store.close();
Deno.exit(0);

/** Envoys with a signing key each; they share one TLS key, since thousands of CSRs are not what is measured. */
async function enrolMany(envoys: number): Promise<SimulatedIdentity[]> {
  const { authority, fleet } = server;
  const keys = await generateKeyPair();
  const tlsKeyPem = PemConverter.encode(
    await crypto.subtle.exportKey("pkcs8", keys.privateKey),
    "PRIVATE KEY",
  );
  const identities: SimulatedIdentity[] = [];
  for (let number = 1; number <= envoys; number++) {
    const uuid = crypto.randomUUID();
    const hostname = `envoy-${number}`;
    const { privateKeyPem, signer } = generateEd25519();
    const signingKey = signer.publicKey.toHex();
    const certificate = await authority.issueEnvoyCertificate(keys.publicKey, {
      uuid,
      hostname,
      signingKey,
    });
    const record = {
      uuid,
      hostname,
      signingKey,
      state: "active" as const,
      enrolledAtMs: Date.now(),
      revokedAtMs: null,
      tags: {},
      tagRevision: 0,
      suspectedClone: false,
      previousHostname: null,
      removedAtMs: null,
    };
    await store.envoys.add(record);
    fleet.index.put(record);
    identities.push({
      uuid,
      hostname,
      signingKeyPem: privateKeyPem,
      tlsKeyPem,
      certificatePem: certificate.pem,
      caPem: authority.caCertificate,
      serverKey: authority.signer.publicKey.toBase64(),
    });
  }
  return identities;
}

declare global {
  /** Present with `--v8-flags=--expose-gc`. */
  var gc: (() => void) | undefined;
}
