import "reflect-metadata";
import assert from "node:assert/strict";
import * as x509 from "@peculiar/x509";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { parseAgentConfig } from "../store/agent_config.ts";
import { agentPaths } from "../store/agent_paths.ts";
import { loadIdentity, readEnrolment } from "../store/identity.ts";
import { AlreadyEnrolledError, enrol, type EnrolCall } from "./enrol.ts";

const OPTIONS = {
  server: "https://srv.example:8443",
  hostname: "web-1",
  token: "vget_0123456789abcdef",
  trust: { kind: "unverified" },
} as const;

const PEM = await makeCertificate("web-1");
const ENVOY_UUID = crypto.randomUUID();

const answering: EnrolCall = (_pending, { hostname }) =>
  Promise.resolve({
    envoyUuid: ENVOY_UUID,
    hostname,
    certificate: PEM,
    ca: PEM,
    serverKey: generateEd25519().signer.publicKey.toBase64(),
    grpcPort: 1530,
  });

async function withPaths(work: (paths: ReturnType<typeof agentPaths>) => Promise<void>) {
  const root = await Deno.makeTempDir({ dir: "/tmp" });
  try {
    await work(agentPaths(rootPaths(root)));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

Deno.test("an enrolment leaves an identity with private keys for the owner alone and nothing pending", () =>
  withPaths(async (paths) => {
    await enrol(paths, OPTIONS, answering);
    const identity = await loadIdentity(paths.configFolder);
    assert.equal(identity.envoyUuid, ENVOY_UUID);
    assert.equal(identity.hostname, "web-1");
    for (const name of ["signing.key", "client.pem"]) {
      const { mode } = await Deno.stat(`${paths.configFolder}/${name}`);
      assert.equal((mode ?? 0) & 0o777, 0o600);
    }
    const names = await namesIn(paths.configFolder);
    assert.deepEqual(names, [
      "ca.pem",
      "client.pem",
      "config",
      "envoy.json",
      "server.pub",
      "signing.key",
    ]);
  }));

Deno.test("settings that were there before stay, with the server's addresses put in", () =>
  withPaths(async (paths) => {
    await Deno.mkdir(paths.configFolder, { recursive: true });
    await Deno.writeTextFile(paths.config, "# mine\nswarm:\n  listen_address: 127.0.0.7\n");
    await enrol(paths, OPTIONS, answering);
    const text = await Deno.readTextFile(paths.config);
    const config = parseAgentConfig(text, "config");
    assert.equal(config.swarm.listen_address, "127.0.0.7");
    assert.equal(config.server, "srv.example:1530");
    assert.equal(config.rest, OPTIONS.server);
    assert.ok(text.includes("# mine"));
  }));

Deno.test("a second enrolment is refused and says who is there", () =>
  withPaths(async (paths) => {
    await enrol(paths, OPTIONS, answering);
    await assert.rejects(
      enrol(paths, OPTIONS, answering),
      (error) => error instanceof AlreadyEnrolledError && error.message.includes(ENVOY_UUID),
    );
  }));

Deno.test("after a lost answer the same keys and request are sent again; another token gets new ones", () =>
  withPaths(async (paths) => {
    const sent: string[] = [];
    const losing: EnrolCall = (pending) => {
      sent.push(pending.csr + pending.signingKeyPem);
      return Promise.reject(new Error("the answer was lost"));
    };
    await assert.rejects(enrol(paths, OPTIONS, losing), /lost/);
    await assert.rejects(enrol(paths, OPTIONS, losing), /lost/);
    await assert.rejects(enrol(paths, { ...OPTIONS, token: "vget_another_token__" }, losing));
    assert.equal(sent[0], sent[1]);
    assert.notEqual(sent[1], sent[2]);
    assert.equal(await readEnrolment(paths.configFolder), undefined);
  }));

Deno.test("files of an enrolment that was cut off before its commit are not an identity", () =>
  withPaths(async (paths) => {
    await enrol(paths, OPTIONS, answering);
    await Deno.remove(`${paths.configFolder}/envoy.json`);
    assert.equal(await readEnrolment(paths.configFolder), undefined);
    await assert.rejects(loadIdentity(paths.configFolder), /not enrolled/);
    await enrol(paths, OPTIONS, answering);
    assert.equal((await loadIdentity(paths.configFolder)).envoyUuid, ENVOY_UUID);
  }));

Deno.test("no file of a pending enrolment holds the token", () =>
  withPaths(async (paths) => {
    await assert.rejects(enrol(paths, OPTIONS, () => Promise.reject(new Error("down"))));
    for (const name of await namesIn(paths.configFolder)) {
      const text = await Deno.readTextFile(`${paths.configFolder}/${name}`);
      assert.ok(!text.includes(OPTIONS.token), name);
    }
  }));

Deno.test("an identity of which a file is damaged or missing says which and what to do", () =>
  withPaths(async (paths) => {
    await enrol(paths, OPTIONS, answering);
    const { configFolder: folder } = paths;
    for (
      const [name, damage] of [
        ["client.pem", (text) => text.replace(/(BEGIN CERTIFICATE-----\n).{60}/, "$1MIIB")],
        ["client.pem", (text) => text.replace(/-----BEGIN PRIVATE KEY[^]*PRIVATE KEY-----/, "")],
        ["ca.pem", () => "no certificate"],
        ["signing.key", () => ""],
        ["server.pub", () => "AAAA"],
        ["server.pub", () => "no base64"],
      ] satisfies [name: string, damage: (text: string) => string][]
    ) {
      const sound = await Deno.readTextFile(`${folder}/${name}`);
      await Deno.writeTextFile(`${folder}/${name}`, damage(sound));
      const message = new RegExp(
        `^Error: Cannot load ${folder}/${name}: it .*\\. Restore it, or remove ${folder} and enrol again$`,
      );
      await assert.rejects(loadIdentity(folder), message);
      await Deno.writeTextFile(`${folder}/${name}`, sound);
      await loadIdentity(folder);
    }
    await Deno.remove(`${folder}/ca.pem`);
    await assert.rejects(
      loadIdentity(folder),
      /ca\.pem: no such file or folder\. Run as the user who enrolled it, or enrol again$/,
    );
  }));

async function makeCertificate(hostname: string): Promise<string> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${hostname}`,
    signingAlgorithm: algorithm,
    keys: await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"]),
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: hostname }])],
  });
  return `${certificate.toString("pem")}\n`;
}
