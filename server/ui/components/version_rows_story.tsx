import type { ConfigVersion } from "../../../shared/rest/config.ts";
import { HOSTILE, LONG, type Story, STORY_NOW_MS } from "./story.ts";
import { CompareForm, VersionRows } from "./version_rows.tsx";

const OLD: ConfigVersion = {
  version: "8eb83cd4ef6a7c1d9b3f5a2e6d4c8b0a",
  publishedAtMs: STORY_NOW_MS - 7_200_000,
  publishedBy: "user:ann",
  message: "",
  live: false,
  rollbackOf: null,
};
const NEW: ConfigVersion = {
  version: "4c1d9b3f5a2e6d4c8b0a8eb83cd4ef6a",
  publishedAtMs: STORY_NOW_MS - 60_000,
  publishedBy: LONG,
  message: HOSTILE,
  live: true,
  rollbackOf: null,
};
const BACK = { ...OLD, publishedAtMs: STORY_NOW_MS, live: true, rollbackOf: OLD.version };

export const versionRowsStory: Story = {
  component: "version_rows",
  use: "Published versions, and how to compare two.",
  cases: [
    {
      name: "a version that was put back",
      show: () => (
        <>
          <VersionRows
            versions={[BACK, { ...NEW, live: false }, OLD]}
            live={BACK.version}
            url={new URL("http://x/config")}
            nowMs={STORY_NOW_MS}
          />
          <CompareForm versions={[BACK, NEW, OLD]} />
        </>
      ),
    },
    {
      name: "one alone, which nothing can be compared with",
      show: () => (
        <>
          <VersionRows
            versions={[NEW]}
            live={NEW.version}
            url={new URL("http://x/config")}
            nowMs={STORY_NOW_MS}
          />
          <CompareForm versions={[NEW]} />
        </>
      ),
    },
  ],
};
