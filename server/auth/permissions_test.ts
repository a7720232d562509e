import assert from "node:assert/strict";
import type { Permission } from "../../shared/rest/endpoint.ts";
import type { PersonRole } from "../../shared/rest/roles.ts";
import { checkPermission, ROLE_PERMISSIONS } from "./permissions.ts";
import { ANONYMOUS, envoyPrincipal, LOCAL_ROOT } from "../service/principal.ts";

const PERMISSIONS: readonly Permission[] = [
  "none",
  "self",
  "fleet.view",
  "fleet.read",
  "fleet.write",
  "config.publish",
  "push.execute",
  "admin",
];

Deno.test("each principal may do exactly what its row of the table says", () => {
  const envoy = envoyPrincipal(crypto.randomUUID());
  const verdicts = (principal: Parameters<typeof checkPermission>[0]) =>
    PERMISSIONS.map((permission) => {
      const verdict = checkPermission(principal, permission);
      return verdict.ok ? "yes" : verdict.status;
    });
  const person = (role: PersonRole) => ({
    kind: "user",
    name: "user:ann",
    user: "ann",
    role,
    session: "00",
  } as const);
  //                                      none   self   view   read   write  publish push  admin
  assert.deepEqual(verdicts(LOCAL_ROOT), ["yes", "yes", "yes", "yes", "yes", "yes", "yes", "yes"]);
  assert.deepEqual(verdicts(person("admin")), verdicts(LOCAL_ROOT));
  assert.deepEqual(
    verdicts(person("operator")),
    ["yes", "yes", "yes", "yes", "yes", "yes", "yes", 403],
  );
  assert.deepEqual(verdicts(person("viewer")), ["yes", "yes", "yes", "yes", 403, 403, 403, 403]);
  assert.deepEqual(verdicts(envoy), ["yes", 403, "yes", 403, 403, 403, 403, 403]);
  assert.deepEqual(verdicts(ANONYMOUS), ["yes", 401, 401, 401, 401, 401, 401, 401]);
});

Deno.test("each role may do what the next lower one may, and more", () => {
  const { admin, operator, viewer, envoy } = ROLE_PERMISSIONS;
  const sets = [envoy, viewer, operator, admin].map((permissions) => new Set(permissions));
  for (const [at, higher] of sets.entries()) {
    const lower = sets[at - 1];
    if (lower) assert.ok(lower.isSubsetOf(higher) && lower.size < higher.size);
  }
});

Deno.test("an operator does everything but administer", () => {
  assert.deepEqual(
    [...ROLE_PERMISSIONS.admin.difference(ROLE_PERMISSIONS.operator)],
    ["admin"],
  );
});

Deno.test("a refusal names the permission and who lacks it", () => {
  const verdict = checkPermission(envoyPrincipal("u"), "admin");
  assert.deepEqual(verdict, {
    ok: false,
    status: 403,
    reason: 'This needs the permission "admin", which envoy:u (envoy) lacks',
  });
});
