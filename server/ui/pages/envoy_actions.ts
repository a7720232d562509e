import { ApiError } from "../../api/api_error.ts";
import type { Action, Page } from "../page.ts";

/** What the forms of one machine's page do. */
export const envoyActions: NonNullable<Page["actions"]> = {
  tag: {
    words: "Add or change a tag",
    permission: "fleet.write",
    run: async ({ call, param, url }, form) => {
      const host = param("host");
      const [name, value] = splitTag(form.text("tag"));
      const { changed } = await call("envoyTag", {
        params: { host },
        body: { set: { [name]: value } },
      });
      return {
        goTo: here(url),
        say: changed ? `${host} has the tag ${name} now.` : "It had that tag.",
      };
    },
  },
  untag: {
    words: "Take a tag away",
    permission: "fleet.write",
    run: async ({ call, param, url }, form) => {
      const host = param("host");
      await call("envoyTag", { params: { host }, body: { remove: [form.text("tag")] } });
      return { goTo: here(url), say: `${host} no longer has the tag ${form.text("tag")}.` };
    },
  },
  push: push(),
  accept: {
    words: "Accept it as it is",
    permission: "admin",
    run: async ({ call, param, url }) => {
      const { hostname } = await call("envoyAccept", {
        params: { host: param("host") },
        body: {},
      });
      return { goTo: here(url), say: `${hostname} is accepted as it is.` };
    },
  },
  revoke: {
    words: "Revoke its identity for good: it is cut off at once, and may never enrol again",
    isDangerous: true,
    permission: "admin",
    run: async ({ call, param }, form) => {
      const host = param("host");
      if (form.text("confirm") !== host) {
        throw new ApiError(400, `Not revoked: write ${host} into the field to confirm it`);
      }
      await call("envoyRevoke", { params: { host }, body: { reason: form.text("reason") } });
      return { goTo: "/envoys", say: `${host} is revoked for good.` };
    },
  },
};

function push(): Action {
  return {
    words: "Have it check in now",
    permission: "push.execute",
    run: async ({ call, param, url }, form) => {
      const { uuid, hostname } = await call("envoyShow", { params: { host: param("host") } });
      const { pushed } = await call("envoyPush", {
        body: { target: uuid, force: form.has("force") },
      });
      return {
        goTo: here(url),
        say: pushed.length > 0
          ? `${hostname} was told to check in now.`
          : `${hostname} is not connected; it catches up by itself.`,
      };
    },
  };
}

function here(url: URL): string {
  return url.pathname;
}

/** `name=value`, or a name alone. */
function splitTag(text: string): [name: string, value: string] {
  const at = text.indexOf("=");
  return at < 0 ? [text, ""] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}
