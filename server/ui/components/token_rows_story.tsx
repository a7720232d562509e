import type { ApiToken } from "../../../shared/rest/tokens.ts";
import { Form } from "../form.ts";
import { LONG, type Story, STORY_NOW_MS } from "./story.ts";
import { TokenForm, TokenRows } from "./token_rows.tsx";

const TOKEN: ApiToken = {
  id: "8eb83cd4ef6a",
  name: "ci",
  role: "viewer",
  owner: "ann",
  createdAtMs: STORY_NOW_MS - 86_400_000,
  createdBy: "user:ann",
  expiresAtMs: STORY_NOW_MS + 86_400_000,
  lastUsedMs: null,
  state: "valid",
};

export const tokenRowsStory: Story = {
  component: "token_rows",
  use: "API tokens, and the form that makes one.",
  cases: [
    {
      name: "valid, expired and long",
      show: () => (
        <TokenRows
          nowMs={STORY_NOW_MS}
          csrfToken="x"
          tokens={[TOKEN, { ...TOKEN, state: "expired" }, {
            ...TOKEN,
            name: LONG.slice(0, 64),
            owner: null,
            lastUsedMs: STORY_NOW_MS,
          }]}
        />
      ),
    },
    {
      name: "none",
      show: () => <TokenRows nowMs={STORY_NOW_MS} csrfToken="x" tokens={[]} />,
    },
    {
      name: "a form that was refused",
      show: () => (
        <TokenForm
          csrfToken="x"
          typed={new Form(new URLSearchParams({ name: "ci", role: "admin", ttl: "forever" }))}
        />
      ),
    },
  ],
};
