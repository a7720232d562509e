import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createPrivateKey } from "node:crypto";
import { z } from "zod";
import { loadSigner, loadVerifier } from "../crypto/ed25519.ts";
import { isSha256, type Sha256, sha256, sha256Hex } from "../crypto/sha256.ts";
import { manifestEntryBytes } from "../swarm/manifest_entry.ts";
import { canonicalJson } from "./canonical_json.ts";
import { DOMAIN } from "./domain.ts";
import { enrolmentBytes, renewalBytes, requestBytes } from "./envoy_frames.ts";
import { encodeFrame, type FrameField } from "./frame.ts";
import auditHead from "./vectors/audit_head.json" with { type: "json" };
import auditRecord from "./vectors/audit_record.json" with { type: "json" };
import canonicalJsonVectors from "./vectors/canonical_json.json" with { type: "json" };
import cloneToken from "./vectors/clone_token.json" with { type: "json" };
import enrolment from "./vectors/enrolment.json" with { type: "json" };
import envoyDocument from "./vectors/envoy_document.json" with { type: "json" };
import fleetDocument from "./vectors/fleet_document.json" with { type: "json" };
import manifestEntry from "./vectors/manifest_entry.json" with { type: "json" };
import policyBundle from "./vectors/policy_bundle.json" with { type: "json" };
import poolq from "./vectors/poolq.json" with { type: "json" };
import poolqWriter from "./vectors/poolq_writer.json" with { type: "json" };
import puddleDelegation from "./vectors/puddle_delegation.json" with { type: "json" };
import puddleName from "./vectors/puddle_name.json" with { type: "json" };
import puddlePairing from "./vectors/puddle_pairing.json" with { type: "json" };
import puddleWrapped from "./vectors/puddle_wrapped.json" with { type: "json" };
import renewal from "./vectors/renewal.json" with { type: "json" };
import request from "./vectors/request.json" with { type: "json" };
import resourceLeaf from "./vectors/resource_leaf.json" with { type: "json" };
import resourceNode from "./vectors/resource_node.json" with { type: "json" };
import serverTime from "./vectors/server_time.json" with { type: "json" };
import taskCancel from "./vectors/task_cancel.json" with { type: "json" };
import taskDispatch from "./vectors/task_dispatch.json" with { type: "json" };

const vectorFile = z.object({
  domain: z.enum(DOMAIN),
  signedBy: z.string().nullable(),
  key: z.object({ seed: z.string(), public: z.string() }).optional(),
  vectors: z.array(z.object({
    name: z.string(),
    fields: z.array(z.object({
      name: z.string(),
      type: z.enum(["text", "integer", "bytes"]),
      value: z.string(),
    })),
    frame: z.string(),
    sha256: z.string(),
    signature: z.string().optional(),
  })).min(1),
});

const files = [
  request,
  enrolment,
  renewal,
  policyBundle,
  fleetDocument,
  envoyDocument,
  serverTime,
  taskDispatch,
  taskCancel,
  cloneToken,
  manifestEntry,
  auditRecord,
  auditHead,
  resourceLeaf,
  resourceNode,
  poolq,
  poolqWriter,
  puddleDelegation,
  puddleName,
  puddlePairing,
  puddleWrapped,
].map((file) => vectorFile.parse(file));

/** PKCS#8 that precedes a raw ed25519 seed (RFC 8410, section 7). */
const PKCS8_PREFIX = "302e020100300506032b657004220420";

function signerFromSeed(seed: string) {
  const key = createPrivateKey({
    key: Buffer.from(PKCS8_PREFIX + seed, "hex"),
    format: "der",
    type: "pkcs8",
  });
  return loadSigner(key.export({ format: "pem", type: "pkcs8" }).toString());
}

function hexKey(text: string): Sha256 {
  assert.ok(isSha256(text));
  return text;
}

function toField({ type, value }: { type: string; value: string }): FrameField {
  if (type === "text") return value;
  return type === "integer" ? BigInt(value) : Uint8Array.fromHex(value);
}

Deno.test("every domain has vectors", () => {
  assert.deepEqual(files.map(({ domain }) => domain).sort(), Object.values(DOMAIN).sort());
});

for (const { domain, signedBy, key, vectors } of files) {
  for (const vector of vectors) {
    Deno.test(`${domain}: ${vector.name} has its committed bytes, hash and signature`, () => {
      const frame = encodeFrame(domain, vector.fields.map(toField));
      assert.equal(frame.toHex(), vector.frame);
      assert.equal(sha256(frame).toHex(), vector.sha256);
      assert.equal(signedBy !== null, vector.signature !== undefined);
      if (key === undefined || vector.signature === undefined) return;
      assert.equal(signerFromSeed(key.seed).sign(frame).toHex(), vector.signature);
      const verifier = loadVerifier(Uint8Array.fromHex(key.public));
      assert.ok(verifier.verify(frame, Uint8Array.fromHex(vector.signature)));
      for (const other of Object.values(DOMAIN)) {
        const moved = encodeFrame(other, vector.fields.map(toField));
        assert.equal(
          verifier.verify(moved, Uint8Array.fromHex(vector.signature)),
          other === domain,
          `signature holds in ${other}`,
        );
      }
    });
  }
}

Deno.test("the product's own functions build the committed bytes", () => {
  const [checkIn, result] = request.vectors;
  const common = { envoyUuid: "6f1c2a58-1d0f-4c3e-9f63-2b7c51d0a4e9" };
  const bytes = (text: string) => new TextEncoder().encode(text);
  assert.equal(
    requestBytes({
      ...common,
      method: "CheckIn",
      timestampMs: 1_780_000_000_000,
      nonce: Uint8Array.from({ length: 16 }, (_, index) => index),
      body: bytes(""),
    }).toHex(),
    checkIn?.frame,
  );
  assert.equal(
    requestBytes({
      ...common,
      method: "ReportResult",
      timestampMs: 1,
      nonce: new Uint8Array(16).fill(0xff),
      body: bytes("body"),
    }).toHex(),
    result?.frame,
  );
  assert.equal(
    enrolmentBytes("vget_example-token", bytes("csr")).toHex(),
    enrolment.vectors[0]?.frame,
  );
  const nonce = Uint8Array.fromHex("0011223344556677");
  assert.equal(
    renewalBytes({ ...common, nonce, csr: bytes("csr") }).toHex(),
    renewal.vectors[0]?.frame,
  );
  assert.equal(
    manifestEntryBytes({
      sha256: sha256Hex("blob"),
      sizeBytes: 4,
      chunkSizeBytes: 1_048_576,
      chunksDigest: sha256Hex("digests"),
      label: "café.tar.gz",
      target: "*.web.*",
      retentionSecs: 604_800,
      subsystem: "payload",
      origin: "origin-1",
      createdMs: 1_780_000_000_000,
      state: "active",
      stamp: 1_780_000_000_001,
      author: hexKey(manifestEntry.key.public),
    }).toHex(),
    manifestEntry.vectors[0]?.frame,
  );
});

for (const { name, text, canonical } of canonicalJsonVectors.vectors) {
  Deno.test(`canonical JSON: ${name}`, () => {
    assert.equal(canonicalJson(JSON.parse(text)), canonical);
    assert.equal(canonicalJson(JSON.parse(canonical)), canonical);
  });
}
