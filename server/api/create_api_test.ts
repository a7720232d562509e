import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { API_PREFIX, CONTRACT } from "../../shared/rest/contract.ts";
import type { Permission } from "../../shared/rest/endpoint.ts";
import { errorSchema } from "../../shared/rest/error.ts";
import { ANONYMOUS, envoyPrincipal, LOCAL_ROOT, type Principal } from "../service/principal.ts";
import { CursorError } from "../store/store_error.ts";
import { Admission } from "./admission.ts";
import { ApiError } from "./api_error.ts";
import { createApi } from "./create_api.ts";
import { HealthChecks } from "./health.ts";
import { Metrics } from "./metrics.ts";
import { REQUEST_LIMITS, RequestBudgets } from "./request_budgets.ts";
import type { EndpointName, Handler, RouteTable } from "./route.ts";

const NAMES = Object.keys(CONTRACT).filter((name): name is EndpointName => name in CONTRACT);
const ENVOY = envoyPrincipal("0c5cbc9c-8d0e-4b2a-9f4f-7a1d0d7a9d11");
const NOTHING_READY = new HealthChecks(
  [() => Promise.resolve("the database is away")],
  () => [],
  () => 0,
);

/** A server of which only the named handlers exist; the others say that they were reached. */
function serve(principal: Principal | "bad token", given: Partial<RouteTable> = {}) {
  const reached = () => Promise.reject(new ApiError(409, "reached"));
  const routes = Object.fromEntries(NAMES.map((name) => [name, given[name] ?? reached]));
  return createApi({
    // Each name has a handler that answers or refuses, which is all a table is.
    routes: routes as unknown as RouteTable,
    admission: new Admission(
      () =>
        principal === "bad token"
          ? { ok: false, status: 401, reason: "The token is not valid", isByCookie: false }
          : { ok: true, principal },
      new RequestBudgets(() => 0),
    ),
    health: NOTHING_READY,
    metrics: new Metrics({
      fleet: () => ({ active: 3, online: 2, suspectedClones: 0 }),
      sessions: () => 2,
      checkIns: () => ({ no_change: 7 }),
      secrets: () => ({ resolved: 5 }),
      queues: () => ({
        topics: 4,
        messages: 90,
        bytes: 8192,
        equivocations: 1,
        blockedTopics: 2,
        blockedKeys: 3,
      }),
      databaseBytes: () => 4096,
    }),
    version: "0.0.0",
    logger: getLogger("test"),
  });
}

async function messageOf(response: Response): Promise<string> {
  const { message } = errorSchema.strict().parse(await response.json());
  assert.equal(message.includes("\n"), false);
  return message;
}

const post = (body: BodyInit, type = "application/json") => ({
  method: "POST",
  body,
  headers: { "content-type": type },
});

Deno.test("each endpoint lets in exactly the principals that its permission names", async () => {
  const mayRead: readonly Permission[] = ["none", "fleet.view"];
  const may = {
    root: () => true,
    envoy: (permission: Permission) => mayRead.includes(permission),
    nobody: (permission: Permission) => permission === "none",
  };
  for (
    const [who, principal, refusal] of [
      ["root", LOCAL_ROOT, 403],
      ["envoy", ENVOY, 403],
      ["nobody", ANONYMOUS, 401],
    ] as const
  ) {
    const api = serve(principal);
    for (const name of NAMES) {
      const { method, path, permission } = CONTRACT[name];
      const response = await api.request(`${API_PREFIX}${path.replaceAll(/:\w+/g, "some")}`, {
        method,
      });
      const message = await messageOf(response);
      if (may[who](permission)) {
        // 400: the empty request was let in, and its query or body read.
        assert.ok([400, 409].includes(response.status), `${who} ${name}: ${response.status}`);
      } else {
        assert.equal(response.status, refusal, `${who} ${name}`);
        assert.match(message, new RegExp(`"${permission}"`));
      }
    }
  }
});

Deno.test("a client certificate reads the list of envoys and the swarm's views, and nothing else of the fleet", async () => {
  const readable: EndpointName[] = [];
  for (const name of NAMES) {
    const { method, path, permission } = CONTRACT[name];
    if (permission === "none") continue;
    const url = `${API_PREFIX}${path.replaceAll(/:\w+/g, "some")}`;
    const { status } = await serve(ENVOY).request(url, { method });
    if (status !== 403) readable.push(name);
  }
  assert.deepEqual(readable.sort(), [
    "envoyList",
    "filecastBroken",
    "filecastList",
    "filecastShow",
    "poolqHead",
    "poolqRange",
    "poolqStatus",
    "poolqTopics",
    "puddleList",
    "puddleShow",
    "swarmPeers",
    "swarmStatus",
  ]);
});

Deno.test("a wrong token is refused everywhere, also where nothing is needed", async () => {
  const api = serve("bad token");
  for (const name of NAMES) {
    const { method, path } = CONTRACT[name];
    const response = await api.request(`${API_PREFIX}${path}`, { method });
    assert.equal(response.status, 401, name);
    assert.match(response.headers.get("www-authenticate") ?? "", /^Bearer/);
    assert.equal(await messageOf(response), "The token is not valid");
  }
});

Deno.test("whoever may not ask does not learn what is wrong with the request", async () => {
  const response = await serve(ANONYMOUS).request(`${API_PREFIX}/envoys?limit=zero`);
  assert.equal(response.status, 401);
});

Deno.test("what a handler answers is parsed by the schema of the answer, which lets nothing else out", async () => {
  const version = {
    version: "v1",
    publishedAtMs: 1,
    publishedBy: "local-root",
    message: "",
    live: true,
    rollbackOf: null,
  };
  const configHistory: Handler<"configHistory"> = ({ query }) => {
    assert.equal(query.limit, 5);
    return Promise.resolve({ versions: [{ ...version, secret: "leak" }], nextCursor: null });
  };
  const response = await serve(LOCAL_ROOT, { configHistory }).request(
    `${API_PREFIX}/config/history?limit=5`,
  );
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.deepEqual(await response.json(), { versions: [version], nextCursor: null });
});

Deno.test("path parameters arrive decoded, the body with its defaults", async () => {
  const envoyRevoke: Handler<"envoyRevoke"> = ({ params, body, principal }) => {
    assert.deepEqual([params["host"], body, principal], ["web 1", { reason: "" }, LOCAL_ROOT]);
    return Promise.reject(new ApiError(404, "no such envoy"));
  };
  const api = serve(LOCAL_ROOT, { envoyRevoke });
  const response = await api.request(`${API_PREFIX}/envoys/web%201/revoke`, post("{}"));
  assert.deepEqual([response.status, await messageOf(response)], [404, "no such envoy"]);
});

Deno.test("what is wrong with a request is named, in one line", async () => {
  const api = serve(LOCAL_ROOT);
  const refusals: [string, RequestInit, number, RegExp][] = [
    ["/envoys?limit=0", {}, 400, /^Cannot read query\.limit "0": /],
    ["/envoys?limt=5", {}, 400, /parameter "limt": it takes target, all, sort, limit, cursor$/],
    ["/envoys?limit=5&limit=6", {}, 400, /"limit": it is given twice/],
    ["/config/schema?x%0Ay=1", {}, 400, /parameter "x y": it takes none/],
    ["/envoys/push", post('{"target":"*","forse":true}'), 400, /^Cannot read body: .*forse/],
    ["/enroll/tokens", post('{"uses":"many"}'), 400, /^Cannot read body\.uses "many": /],
    [
      "/enroll/tokens",
      post('{"hostname":"web\\u0000"}'),
      400,
      /body\.hostname "web ": control characters/,
    ],
    ["/enroll/tokens", post('{"hostname":"web\\ud800"}'), 400, /^Cannot read the body/],
    ["/envoys/push", post("{"), 400, /not JSON/],
    ["/envoys/push", post(new Uint8Array([0x22, 0xff, 0x22])), 400, /not JSON in UTF-8/],
    [
      "/envoys/push",
      post('{"target":"*"}', "text/plain"),
      415,
      /"text\/plain": send application\/json/,
    ],
    ["/envoys/push", post(" ".repeat(1024 * 1024 + 1)), 413, /larger than 1048576 bytes/],
    ["/nowhere", {}, 404, /^Nothing answers GET \/api\/v1\/nowhere/],
    ["/envoys", { method: "DELETE" }, 405, /^Nothing answers DELETE \S+: it takes GET, HEAD$/],
  ];
  for (const [path, init, status, message] of refusals) {
    const response = await api.request(`${API_PREFIX}${path}`, init);
    assert.equal(response.status, status, path);
    assert.match(await messageOf(response), message);
  }
});

Deno.test("a handler that fails unexpectedly tells its caller an id and nothing else", async () => {
  const auditVerify: Handler<"auditVerify"> = () =>
    Promise.reject(new TypeError("SELECT failed at /srv/vigo/db"));
  const response = await serve(LOCAL_ROOT, { auditVerify }).request(`${API_PREFIX}/audit/verify`);
  assert.equal(response.status, 500);
  assert.match(
    await messageOf(response),
    /^The server failed; its log says why under id [0-9a-f-]{36}$/,
  );
});

Deno.test("an answer outside its schema is a failure of the server, not a wrong answer", async () => {
  // A handler whose type was circumvented, as a fault in a library would.
  const auditVerify = (() => Promise.resolve({ intact: "yes" })) as unknown as Handler<
    "auditVerify"
  >;
  const response = await serve(LOCAL_ROOT, { auditVerify }).request(`${API_PREFIX}/audit/verify`);
  assert.equal(response.status, 500);
});

Deno.test("a cursor that was never handed out is the caller's mistake", async () => {
  const runList: Handler<"runList"> = () => Promise.reject(new CursorError("zzz"));
  const response = await serve(LOCAL_ROOT, { runList }).request(`${API_PREFIX}/runs?cursor=zzz`);
  assert.equal(response.status, 400);
  assert.match(await messageOf(response), /cursor "zzz"/);
});

Deno.test("health, readiness and metrics answer anybody", async () => {
  const api = serve(ANONYMOUS);
  assert.deepEqual(await (await api.request("/healthz")).json(), { status: "ok" });
  const readiness = await api.request("/readyz");
  assert.equal(readiness.status, 503);
  assert.deepEqual(await readiness.json(), {
    ready: false,
    problems: ["the database is away"],
    warnings: [],
  });
  const metrics = await (await api.request("/metrics")).text();
  for (
    const line of [
      'vigo_envoys{state="active"} 3',
      "vigo_agent_sessions 2",
      'vigo_checkins_total{result="no_change"} 7',
      "vigo_poolq_topics 4",
      "vigo_poolq_messages 90",
      "vigo_poolq_bytes 8192",
      "vigo_poolq_equivocations 1",
      'vigo_poolq_blocked{kind="topic"} 2',
      'vigo_poolq_blocked{kind="key"} 3',
      "vigo_database_bytes 4096",
      'vigo_http_requests_total{method="GET",status="503"} 1',
    ]
  ) assert.ok(metrics.includes(line), line);
});

Deno.test("invented methods make no series of their own", async () => {
  const api = serve(ANONYMOUS);
  await api.request("/healthz", { method: "BREW" });
  await api.request("/healthz", { method: "PROPFIND" });
  const metrics = await (await api.request("/metrics")).text();
  assert.match(metrics, /method="other",status="405"} 2/);
});

Deno.test("who asks for the headers of a stream alone leaves no stream open", async () => {
  let isOpen = true;
  const taskEvents: Handler<"taskEvents"> = () =>
    Promise.resolve(new Response(new ReadableStream({ cancel: () => void (isOpen = false) })));
  const api = serve(LOCAL_ROOT, { taskEvents });
  const response = await api.request(`${API_PREFIX}/task/some/events`, { method: "HEAD" });
  assert.deepEqual([response.status, response.body, isOpen], [200, null, false]);
});

Deno.test("the API document is for everybody, within what everybody may ask", async () => {
  const api = serve(ANONYMOUS);
  const ask = async () => {
    const response = await api.request(`${API_PREFIX}/openapi.json`);
    await response.body?.cancel();
    return response.status;
  };
  for (let count = 0; count < REQUEST_LIMITS.nobody.burst; count += 1) {
    assert.equal(await ask(), 200);
  }
  assert.equal(await ask(), 429);
});
