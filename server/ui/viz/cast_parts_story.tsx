import type { Filecast, FilecastHost } from "../../../shared/rest/swarm.ts";
import { HOSTILE, LONG, type Story, STORY_NOW_MS } from "../components/story.ts";
import { CastFacts, CastProgress, CastState, ChunkCount, Sources } from "./cast_parts.tsx";

/** A filecast on its way. */
export const STORY_CAST: Filecast = {
  sha256: "5e".repeat(32),
  label: "release.tar.zst",
  sizeBytes: 268_435_456,
  chunks: 256,
  target: "web-*",
  retentionSecs: 604_800,
  origin: "vigo-1",
  state: "active",
  createdAtMs: STORY_NOW_MS - 40_000,
  complete: 9,
  downloading: 4,
  pending: 2,
  skipped: 1,
};

const HOST: FilecastHost = {
  hostname: "web-1",
  status: "downloading",
  chunksHave: 96,
  chunksTotal: 256,
  skipReason: "",
  sources: { "vigo-1": 40, "web-2": 30, "web-3": 20, cached: 6 },
  origin: false,
};

export const castPartsStory: Story = {
  component: "cast_parts",
  use: "A filecast and how far it is: in a bar, as facts, on one envoy.",
  cases: [
    { name: "on its way", show: () => <CastProgress filecast={STORY_CAST} /> },
    {
      name: "active and revoked",
      show: () => (
        <p>
          <CastState filecast={STORY_CAST} />{" "}
          <CastState filecast={{ ...STORY_CAST, state: "revoked" }} />
        </p>
      ),
    },
    {
      name: "facts, with words that would act",
      show: () => (
        <CastFacts
          filecast={{ ...STORY_CAST, label: HOSTILE, target: LONG }}
          nowMs={STORY_NOW_MS}
        />
      ),
    },
    {
      name: "chunks",
      show: () => (
        <p>
          <ChunkCount host={HOST} /> <ChunkCount host={{ ...HOST, status: "complete" }} />
        </p>
      ),
    },
    { name: "sources", show: () => <Sources host={HOST} /> },
    { name: "no sources", show: () => <Sources host={{ ...HOST, sources: {} }} /> },
    {
      name: "many sources, of long names",
      show: () => (
        <Sources
          host={{
            ...HOST,
            sources: Object.fromEntries(
              Array.from({ length: 9 }, (_, at) => [`${LONG}-${at}`, 10 + at]),
            ),
          }}
        />
      ),
    },
  ],
};
