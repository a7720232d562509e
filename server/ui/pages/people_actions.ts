import type { Action } from "../page.ts";
import { readRole } from "./read_role.ts";

/** What administrators do to the accounts of all. */
export const peopleActions: Readonly<Record<string, Action>> = {
  "add-user": {
    words: "Add somebody who may log in",
    permission: "admin",
    run: async ({ call }, form) => {
      const { name, role } = await call("userAdd", {
        body: { name: form.text("name"), role: readRole(form), password: form.raw("password") },
      });
      return { goTo: "/settings", say: `${name} may log in as ${role}.` };
    },
  },
  "user-role": {
    words: "Give somebody another role",
    permission: "admin",
    run: async ({ call }, form) => {
      const { name, role } = await call("userRole", {
        params: { name: form.text("name") },
        body: { role: readRole(form) },
      });
      return { goTo: "/settings", say: `${name} is ${role} now.` };
    },
  },
  "user-password": {
    words: "Set the password of somebody",
    permission: "admin",
    run: async ({ call }, form) => {
      const { name } = await call("userPassword", {
        params: { name: form.text("name") },
        body: { password: form.raw("password") },
      });
      return {
        goTo: "/settings",
        say: `${name} has a new password, and the old sessions have ended.`,
      };
    },
  },
  "disable-user": userAction(
    "userDisable",
    "Keep somebody from logging in",
    (name) => `${name} may no longer log in.`,
  ),
  "enable-user": userAction(
    "userEnable",
    "Let somebody log in again",
    (name) => `${name} may log in again.`,
  ),
  "remove-user": {
    words: "Remove somebody for good",
    isDangerous: true,
    permission: "admin",
    run: async ({ call }, form) => {
      const { name } = await call("userRemove", { params: { name: form.text("name") } });
      return { goTo: "/settings", say: `${name} is removed.` };
    },
  },
};

function userAction(
  endpoint: "userDisable" | "userEnable",
  words: string,
  say: (name: string) => string,
): Action {
  return {
    words,
    permission: "admin",
    run: async ({ call }, form) => {
      const { name } = await call(endpoint, { params: { name: form.text("name") }, body: {} });
      return { goTo: "/settings", say: say(name) };
    },
  };
}
