import { type Sha256, sha256Hex } from "../../shared/crypto/sha256.ts";
import type { Signer } from "../../shared/crypto/ed25519.ts";
import type { BlobProgress } from "../../shared/proto/agent.ts";
import { type ManifestEntry, manifestEntryBytes } from "../../shared/swarm/manifest_entry.ts";
import type { SimulatedEnvoy } from "./simulated_envoy.ts";
import type { SimulatedFleet } from "./simulated_fleet.ts";

/** What tests cast. */
export const CONTENT = new TextEncoder().encode("what the fleet is to have");
/** How they cast it. */
export const QUERY = {
  label: "app.tar.gz",
  target: "web-*",
  retention: "7d",
  sizeBytes: CONTENT.length,
};

/** An envoy that has checked in and listens. */
export async function connected(server: SimulatedFleet, hostname: string): Promise<SimulatedEnvoy> {
  const envoy = await server.envoy(hostname);
  await envoy.settle();
  await envoy.openStream();
  return envoy;
}

/** What a seeder signs of {@linkcode CONTENT}, or otherwise. */
export function entryOf(signer: Signer, changes: Partial<ManifestEntry> = {}): ManifestEntry {
  const fields = {
    sha256: sha256Hex(CONTENT),
    sizeBytes: CONTENT.length,
    chunkSizeBytes: 1024 * 1024,
    chunksDigest: sha256Hex("digests"),
    label: QUERY.label,
    target: QUERY.target,
    retentionSecs: 604_800,
    subsystem: "payload" as const,
    origin: "vigo-1",
    createdMs: Date.now(),
    state: "active" as const,
    stamp: Date.now(),
    // Printed as hex by the signer's own key.
    author: signer.publicKey.toHex() as Sha256,
    ...changes,
  };
  return { ...fields, signature: signer.sign(manifestEntryBytes(fields)).toHex() };
}

/** What an envoy reports of it. */
export function progressOf(
  changes: Partial<BlobProgress>,
): { blobs: BlobProgress[]; problems: [] } {
  const line: BlobProgress = {
    sha256: sha256Hex(CONTENT),
    status: "downloading",
    chunksHave: 0,
    chunksTotal: 1,
    skipReason: "",
    sources: {},
    origin: false,
    ...changes,
  };
  return { blobs: [line], problems: [] };
}
