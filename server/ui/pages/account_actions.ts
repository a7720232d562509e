import { DEFAULT_TOKEN_TTL_MS } from "../../../shared/rest/tokens.ts";
import { parseDuration } from "../../../shared/terminal/duration.ts";
import { ApiError } from "../../api/api_error.ts";
import type { Form } from "../form.ts";
import type { Action, PageContext, View } from "../page.ts";
import { readRole } from "./read_role.ts";

/** A token that was made just now: it is shown this once. */
export interface CreatedToken {
  readonly name: string;
  readonly token: string;
}

/** What somebody does to his own account. */
export const accountActions: Readonly<Record<string, Action>> = {
  password: {
    words: "Change your password",
    permission: "self",
    run: async ({ call }, form) => {
      const password = form.raw("password");
      if (password !== form.raw("again")) {
        throw new ApiError(400, "The new password was not typed the same twice");
      }
      await call("sessionPassword", { body: { current: form.raw("current"), password } });
      return {
        goTo: "/settings",
        say: "Your password is changed; your other sessions have ended.",
      };
    },
  },
  "end-session": {
    words: "End one of your sessions",
    permission: "self",
    run: async ({ call }, form) => {
      const { ended } = await call("sessionEnd", { params: { id: form.text("id") } });
      return {
        goTo: "/settings",
        say: ended ? "That session has ended." : "It had ended already.",
      };
    },
  },
  "revoke-token": {
    words: "Revoke a token: whatever uses it is refused at once",
    isDangerous: true,
    permission: "self",
    run: async ({ call }, form) => {
      const { name } = await call("tokenRevoke", { params: { id: form.text("id") } });
      return { goTo: "/settings", say: `The token ${name} works no more.` };
    },
  },
};

/** Makes a token. @param show the page with it. */
export function createToken(
  show: (context: PageContext, created: CreatedToken) => Promise<View>,
): Action {
  return {
    words: "Make a token",
    permission: "self",
    run: async (context, form) => {
      const { token, info } = await context.call("tokenCreate", {
        body: { name: form.text("name"), role: readRole(form), ttlMs: readTtl(form) },
      });
      return { show: await show(context, { name: info.name, token }) };
    },
  };
}

/** @throws {ApiError} 400 for what is no duration. */
function readTtl(form: Form): number {
  const text = form.given("ttl");
  if (text === undefined) return DEFAULT_TOKEN_TTL_MS;
  try {
    return parseDuration(text);
  } catch (error) {
    throw new ApiError(400, error instanceof Error ? error.message : String(error));
  }
}
