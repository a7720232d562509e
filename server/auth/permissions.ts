import type { Permission } from "../../shared/rest/endpoint.ts";
import type { PersonRole } from "../../shared/rest/roles.ts";
import type { Principal } from "../service/principal.ts";

/** What somebody is given: a role, never single permissions. `envoy` is that of a client certificate, the others are people's. */
export type Role = PersonRole | "envoy";

/** What each role may do. Everybody may do what needs `none`. */
export const ROLE_PERMISSIONS: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  admin: new Set([
    "self",
    "fleet.view",
    "fleet.read",
    "fleet.write",
    "config.publish",
    "push.execute",
    "admin",
  ]),
  operator: new Set([
    "self",
    "fleet.view",
    "fleet.read",
    "fleet.write",
    "config.publish",
    "push.execute",
  ]),
  viewer: new Set(["self", "fleet.view", "fleet.read"]),
  // A single machine is easily lost: what it may read must not hold what other machines are made of.
  envoy: new Set(["fleet.view"]),
};

export type PermissionVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly status: 401 | 403; readonly reason: string };

/** The one place where it is decided who may do what. Whatever answers a request asks it, through `admission.ts`, first of all. */
export function checkPermission(principal: Principal, permission: Permission): PermissionVerdict {
  if (permission === "none") return { ok: true };
  const role = roleOf(principal);
  if (role === undefined) {
    return {
      ok: false,
      status: 401,
      reason:
        `This needs the permission "${permission}": log in, or send "Authorization: Bearer TOKEN" or a client certificate of this fleet`,
    };
  }
  if (ROLE_PERMISSIONS[role].has(permission)) return { ok: true };
  return {
    ok: false,
    status: 403,
    reason: `This needs the permission "${permission}", which ${principal.name} (${role}) lacks`,
  };
}

/** The role behind a principal; `undefined` for nobody. */
export function roleOf(principal: Principal): Role | undefined {
  switch (principal.kind) {
    case "local_root":
      return "admin";
    case "user":
    case "token":
      return principal.role;
    case "envoy":
      return "envoy";
    case "anonymous":
      return undefined;
  }
}
