import assert from "node:assert/strict";
import { Hono } from "hono";
import { getLogger } from "@logtape/logtape";
import type { Permission } from "../../shared/rest/endpoint.ts";
import type { Authentication } from "../auth/credentials.ts";
import { ANONYMOUS, envoyPrincipal, LOCAL_ROOT, type Principal } from "../service/principal.ts";
import { Admission } from "./admission.ts";
import { answerError } from "./answer_error.ts";
import { REQUEST_LIMITS, RequestBudgets } from "./request_budgets.ts";

const ENDED: Authentication = {
  ok: false,
  status: 401,
  reason: "The session has ended: log in again",
  isByCookie: true,
};

/** A listener on which everything needs one permission. */
function serve(authentication: Authentication, permission: Permission) {
  const admission = new Admission(() => authentication, new RequestBudgets(() => 0));
  const app = new Hono();
  app.get("*", async (context) => {
    const { principal } = await admission.admit(context, permission);
    return new Response(principal.name);
  });
  app.onError((error, context) => answerError(error, context.req.raw, getLogger("test")));
  return app;
}

const read = async (app: Hono) => {
  const response = await app.request("/");
  return response.ok ? await response.text() : response.status;
};

Deno.test("a cookie that has ended is nobody's where nobody needs to be known, and refused elsewhere", async () => {
  assert.equal(await read(serve(ENDED, "none")), "anonymous");
  assert.equal(await read(serve(ENDED, "fleet.view")), 401);
  assert.equal(await read(serve({ ...ENDED, isByCookie: false }, "none")), 401);
});

Deno.test("whoever asks too often hears when to ask again, whatever he proves", async () => {
  const principals: [Principal, number][] = [
    [LOCAL_ROOT, REQUEST_LIMITS.known.burst],
    [envoyPrincipal("u"), REQUEST_LIMITS.envoy.burst],
    [ANONYMOUS, REQUEST_LIMITS.nobody.burst],
  ];
  for (const [principal, burst] of principals) {
    const app = serve({ ok: true, principal }, "none");
    for (let count = 0; count < burst; count += 1) assert.equal(await read(app), principal.name);
    const refused = await app.request("/");
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get("retry-after"), "1");
    assert.deepEqual(await refused.json(), {
      message: "Too many requests at once: send fewer, or wait between them",
    });
  }
});

Deno.test("wrong proofs are counted by address, and end in 429 too", async () => {
  const app = serve({ ...ENDED, isByCookie: false }, "admin");
  const seen = new Set<unknown>();
  for (let count = 0; count <= REQUEST_LIMITS.nobody.burst; count += 1) seen.add(await read(app));
  assert.deepEqual([...seen], [401, 429]);
});

Deno.test("each principal and each address has a budget of its own, and time fills it", () => {
  let nowMs = 0;
  const budgets = new RequestBudgets(() => nowMs);
  const spend = (principal: Principal, address: string) => {
    for (let count = 0; count < 2000; count += 1) {
      const waitMs = budgets.take(principal, address);
      if (waitMs > 0) return waitMs;
    }
    return 0;
  };
  assert.equal(spend(ANONYMOUS, "192.0.2.1"), REQUEST_LIMITS.nobody.refillMs);
  assert.equal(budgets.take(ANONYMOUS, "192.0.2.2"), 0);
  assert.equal(budgets.take(LOCAL_ROOT, "192.0.2.1"), 0);
  nowMs += REQUEST_LIMITS.nobody.refillMs;
  assert.equal(budgets.take(ANONYMOUS, "192.0.2.1"), 0);
  assert.ok(budgets.take(ANONYMOUS, "192.0.2.1") > 0);
});

Deno.test("budgets do not pile up: of too many the one longest unused is forgotten", () => {
  const budgets = new RequestBudgets(() => 0, 2);
  while (budgets.take(ANONYMOUS, "192.0.2.1") === 0);
  budgets.take(ANONYMOUS, "192.0.2.2");
  assert.ok(budgets.take(ANONYMOUS, "192.0.2.1") > 0, "it was used meanwhile");
  budgets.take(ANONYMOUS, "192.0.2.3");
  assert.ok(budgets.take(ANONYMOUS, "192.0.2.1") > 0);
  budgets.take(ANONYMOUS, "192.0.2.4");
  budgets.take(ANONYMOUS, "192.0.2.5");
  assert.equal(budgets.take(ANONYMOUS, "192.0.2.1"), 0);
});

Deno.test("whoever lost the right to what he reads is not let in again, and no session lives on for the question", async () => {
  let authentication: Authentication = { ok: true, principal: envoyPrincipal("u") };
  const asked: boolean[] = [];
  const admission = new Admission((_context, isAutomatic) => {
    asked.push(isAutomatic);
    return authentication;
  }, new RequestBudgets(() => 0));
  const app = new Hono();
  app.get("*", async (context) => {
    const { principal } = await admission.admit(context, "fleet.view");
    const before = await admission.isStillAdmitted(context, "fleet.view");
    authentication = ENDED;
    const after = await admission.isStillAdmitted(context, "fleet.view");
    return Response.json([principal.name, before, after]);
  });
  assert.deepEqual(await (await app.request("/")).json(), ["envoy:u", true, false]);
  assert.deepEqual(asked, [false, true, true]);
});
