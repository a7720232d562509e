import assert from "node:assert/strict";
import { manifestEntry } from "../../../shared/swarm/manifest_entry_fixture.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import { reportBlobs, type ReportSources } from "./blob_report.ts";

const OWN = "0a".repeat(32);
const ANOTHER = "0b".repeat(32);

/** What is told of a blob that lies in `seed/` here. */
function reportSeed(entry: ManifestEntry) {
  const sources = {
    book: { manifest: { blobs: () => [entry], isLive: () => entry.state === "active" } },
    store: { get: () => undefined },
    seeds: { seeds: new Map([[entry.sha256, "app.tar"]]) },
    receiver: {
      download: () => undefined,
      isPending: () => false,
      isTarget: () => true,
      skipReason: () => undefined,
      waitsFor: () => undefined,
    },
    author: OWN,
    claimants: () => [],
  };
  // What a report uses of these parts is what these have.
  const [blob] = reportBlobs(sources as unknown as ReportSources);
  return [blob?.status, blob?.isSeed];
}

Deno.test("only whoever signed the entry originates a blob, whoever else has a copy among its seeds", () => {
  assert.deepEqual(reportSeed(manifestEntry({ author: OWN })), ["complete", true]);
  assert.deepEqual(reportSeed(manifestEntry({ author: ANOTHER })), ["complete", false]);
});

Deno.test("a seed that the server revoked is told as this envoy's until it is gone", () => {
  const revoked = manifestEntry({ author: ANOTHER, state: "revoked" });
  assert.deepEqual(reportSeed(revoked), ["revoking", true]);
});
