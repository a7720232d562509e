import assert from "node:assert/strict";
import { API_PREFIX, CONTRACT } from "../../shared/rest/contract.ts";
import { enrollAnswerSchema, enrollTokenCreate } from "../../shared/rest/enroll.ts";
import { errorSchema } from "../../shared/rest/error.ts";
import { AUTOMATIC_HEADER, CSRF_HEADER } from "../../shared/rest/http_names.ts";
import { sessionShow } from "../../shared/rest/session.ts";
import { tokenList } from "../../shared/rest/tokens.ts";
import { ROLE_PERMISSIONS } from "../../server/auth/permissions.ts";
import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";
import { programCommand } from "../support/run_program.ts";
import { addUser, logIn, makeToken, PASSWORD } from "../support/people.ts";
import type { RestRequest } from "../support/rest_exchange.ts";
import { denoFolder } from "../support/deno_folder.ts";
import { runCommand } from "../support/run_command.ts";
import { ServerProcess } from "../support/server_process.ts";
import { completeEnrolment, draftEnrolment } from "../support/simulated_envoy.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";

/** Requests under way at a time. */
const PARALLEL = 8;

/** Runs `vigocli` as somebody whose home is `home`, on a machine that holds nothing of the server's. */
function vigocli(home: string, args: readonly string[], stdin?: string) {
  return runCommand(Deno.execPath(), programCommand("vigocli", args), {
    env: {
      NO_COLOR: "1",
      HOME: home,
      DENO_DIR: denoFolder(),
      VIGO_ROOT: `${home}/nothing`,
    },
    ...(stdin === undefined ? {} : { stdin }),
  });
}

/** The certificate of a machine that is enrolled for it. */
async function enrol(server: ServerProcess, hostname: string): Promise<TlsIdentity> {
  const made = await server.api("/enroll/tokens", { method: "POST", json: { hostname } });
  const draft = await draftEnrolment(
    enrollTokenCreate.answer.parse(made.json).token,
    hostname,
  );
  const answer = await server.get(`${API_PREFIX}/enroll`, { method: "POST", json: draft.request });
  const { certificatePem, tlsKeyPem } = completeEnrolment(
    draft,
    enrollAnswerSchema.parse(answer.json),
  );
  return { certificate: certificatePem, privateKey: tlsKeyPem };
}

Deno.test("people use one server by their roles", async (t) => {
  await using root = await TemporaryRoot.create();
  await ServerProcess.configure(root);
  await using server = await ServerProcess.start(root);
  for (const role of ["admin", "operator", "viewer"] as const) await addUser(server, role, role);

  await t.step(
    "every route lets in whom the table of permissions names, and nobody else",
    async () => {
      const session = await logIn(server, "viewer");
      const callers: [who: string, may: ReadonlySet<string>, proof: RestRequest][] = [
        ["nobody", new Set(), {}],
        ["agent", ROLE_PERMISSIONS.envoy, { identity: await enrol(server, "web-1") }],
        ...await Promise.all(
          (["viewer", "operator", "admin"] as const).map(async (
            role,
          ): Promise<[string, ReadonlySet<string>, RestRequest]> => [
            role,
            ROLE_PERMISSIONS[role],
            { token: await makeToken(server, `t-${role}`, role, role) },
          ]),
        ),
        ["viewer's session", ROLE_PERMISSIONS.viewer, {
          headers: { cookie: session.cookie, [CSRF_HEADER]: session.csrfToken },
        }],
        ["local root", ROLE_PERMISSIONS.admin, { token: server.token }],
      ];
      const wrong: string[] = [];
      const queue = callers.flatMap(([who, may, proof]) =>
        Object.entries(CONTRACT).map(([name, endpoint]) => ({ who, may, proof, name, endpoint }))
      ).values();
      await Promise.all(Array.from({ length: PARALLEL }, async () => {
        for (const { who, may, proof, name, endpoint } of queue) {
          const { method, path, permission } = endpoint;
          // What is let in is turned away for its query, so that nothing is done.
          const url = `${API_PREFIX}${path.replaceAll(/:\w+/g, "some")}?no-such=1`;
          const { status, json } = await server.get(url, { ...proof, method });
          const { message } = errorSchema.strict().parse(json);
          const isLetIn = status === 400 &&
            message.startsWith('Cannot read query parameter "no-such"');
          const refusal = who === "nobody" ? 401 : 403;
          const isRight = permission === "none" || may.has(permission)
            ? isLetIn
            : status === refusal;
          if (!isRight) wrong.push(`${who} ${method} ${name}: ${status} ${message}`);
        }
      }));
      assert.deepEqual(wrong, []);
    },
  );

  await t.step(
    "a person on another machine logs in, works with the token, and logs out",
    async () => {
      await using home = await TemporaryRoot.create();
      await Deno.writeTextFile(home.join("ca.crt"), server.ca);
      const to = ["--server", `https://localhost:${server.restPort}`, "--ca", home.join("ca.crt")];
      const wrong = await vigocli(home.path, ["login", "operator", ...to, "--stdin"], "wrong\n");
      assert.deepEqual(
        [wrong.code, wrong.stderr],
        [5, "error: The name or the password is wrong\n"],
      );
      const login = await vigocli(
        home.path,
        ["login", "operator", ...to, "--stdin"],
        `${PASSWORD}\n`,
      );
      assert.equal(login.code, 0, login.stderr);
      const tokenFile = home.join(".config/vigo/token");
      const token = (await Deno.readTextFile(tokenFile)).trim();
      assert.equal(((await Deno.stat(tokenFile)).mode ?? 0) & 0o777, 0o600);
      assert.ok(!(login.stdout + login.stderr).includes(token));
      // Without VIGO_ROOT, so that what login kept is what is used.
      const use = (args: readonly string[]) =>
        runCommand(Deno.execPath(), programCommand("vigocli", args), {
          env: { NO_COLOR: "1", HOME: home.path, DENO_DIR: denoFolder() },
          clearEnv: true,
        });
      const envoys = await use(["envoys", "--json"]);
      assert.equal(envoys.code, 0, envoys.stderr);
      const forbidden = await use(["users"]);
      assert.equal(forbidden.code, 5);
      assert.match(
        forbidden.stderr,
        /needs the permission "admin", which token:operator-\w+ \(operator\)/,
      );
      const logout = await use(["logout"]);
      assert.equal(logout.code, 0, logout.stderr);
      const { tokens } = tokenList.answer.parse((await server.api("/tokens")).json);
      assert.equal(tokens.find(({ name }) => name.startsWith("operator-"))?.state, "revoked");
      await assert.rejects(Deno.stat(tokenFile), Deno.errors.NotFound);
    },
  );

  await t.step(
    "users and tokens are looked after on the command line, without a word of secrets",
    async () => {
      const at = ["--root", root.path];
      const run = async (args: readonly string[], stdin?: string) => {
        const result = await runCommand(
          Deno.execPath(),
          programCommand("vigocli", [...args, ...at]),
          { env: { NO_COLOR: "1" }, ...(stdin === undefined ? {} : { stdin }) },
        );
        return { ...result, all: result.stdout + result.stderr };
      };
      const short = await run(["users", "add", "ann", "--stdin"], "short\n");
      assert.deepEqual([short.code, /5 characters: choose one of 12/.test(short.all)], [2, true]);
      const secret = "another long password";
      const named = await run(
        ["users", "add", "Ann Lee", "--role", "viewer", "--stdin"],
        `${secret}\n`,
      );
      assert.equal(named.code, 2);
      assert.match(named.all, /^error: Cannot read name "Ann Lee": expected a to z, digits, /m);
      const steps: [args: string[], out: RegExp][] = [
        [["users", "add", "ann", "--role", "operator", "--stdin"], /User ann is added as operator/],
        [["users", "show", "ann"], /Role: +operator\n/],
        [["users", "role", "ann", "viewer"], /User ann is viewer now/],
        [["users", "password", "ann", "--stdin"], /User ann has another password/],
        [["users", "disable", "ann"], /may no longer log in/],
        [["users", "list"], /^ann +viewer +no /m],
        [["users", "enable", "ann"], /User ann may log in/],
        [["token", "create", "grafana", "--owner", "ann"], /^vgot_[\w-]{43}$/m],
        [["token", "list"], /^grafana +\w{12} +valid +viewer +ann /m],
        [["token", "revoke", "grafana"], /Token grafana is revoked/],
        [["users", "remove", "ann"], /User ann is removed, and 0 tokens revoked/],
      ];
      for (const [args, out] of steps) {
        const result = await run(args, args.includes("--stdin") ? `${secret}\n` : undefined);
        assert.equal(result.code, 0, result.all);
        assert.match(result.all, out);
        assert.ok(!result.all.includes(secret));
      }
      const last = await run(["users", "remove", "admin"]);
      assert.equal(last.code, 1);
      assert.match(
        last.stderr,
        /^error: Cannot remove "admin": nobody else is an administrator\..*\n$/,
      );
    },
  );

  await t.step("a session works for the pages of this server alone, and ends at once", async () => {
    const session = await logIn(server, "operator");
    const who = sessionShow.answer.parse((await session.api("/session")).json);
    assert.deepEqual([who.principal, who.csrfToken], ["user:operator", session.csrfToken]);
    const push = { method: "POST", json: { target: "web-*" } };
    assert.equal((await session.api("/envoys/push", push)).status, 200);
    for (
      const headers of [{ [CSRF_HEADER]: "" }, { [CSRF_HEADER]: "x".repeat(43) }, {
        "sec-fetch-site": "cross-site",
      }]
    ) {
      const refused = await session.api("/envoys/push", { ...push, headers });
      assert.equal(refused.status, 403, JSON.stringify(headers));
      assert.match(refused.text, /does not come from a page of this server/);
    }
    assert.equal((await session.api("/users")).status, 403);
    assert.equal(
      (await session.api("/envoys", { headers: { [AUTOMATIC_HEADER]: "1" } })).status,
      200,
    );
    const ended = await session.api("/session", { method: "DELETE" });
    assert.deepEqual([ended.status, ended.json], [200, { ended: true }]);
    assert.match(String(ended.headers["set-cookie"]), /Max-Age=0/);
    const after = await session.api("/envoys");
    assert.deepEqual([after.status, errorSchema.parse(after.json).message], [
      401,
      "The session has ended: log in again",
    ]);
    assert.equal((await session.api("/time?nonce=" + "ab".repeat(16))).status !== 401, true);
  });

  await t.step("who guesses passwords waits, and is told for how long", async () => {
    const attempt = () =>
      server.get(`${API_PREFIX}/session`, {
        method: "POST",
        json: { name: "nobody-at-all", password: "wrong wrong wrong" },
      });
    const statuses: number[] = [];
    for (let count = 0; count < 5; count += 1) statuses.push((await attempt()).status);
    assert.deepEqual(new Set(statuses), new Set([401]));
    // The first wait is a second, which a slow machine may sleep through: the longer ones it cannot.
    let refused = await attempt();
    for (let count = 0; refused.status !== 429 && count < 12; count += 1) refused = await attempt();
    assert.equal(refused.status, 429);
    assert.match(String(refused.headers["retry-after"]), /^[1-9]\d*$/);
    assert.match(refused.text, /Too many failed logins: try again in \d+ s/);
  });

  await t.step("a page that polls is told when nothing changed", async () => {
    const first = await server.api("/users");
    const tag = String(first.headers["etag"]);
    const again = await server.api("/users", { headers: { "if-none-match": tag } });
    assert.deepEqual([again.status, again.text], [304, ""]);
    await addUser(server, "newcomer", "viewer");
    assert.equal((await server.api("/users", { headers: { "if-none-match": tag } })).status, 200);
  });

  await t.step(
    "no password and no token lies in the database, its log, or the server's output",
    async () => {
      const kept = await Promise.all(
        ["vigo.db", "vigo.db-wal"].map((name) => Deno.readFile(root.join("srv/vigo/db", name))),
      );
      const texts = [
        ...kept.map((bytes) => new TextDecoder("latin1").decode(bytes)),
        server.process.output(),
      ];
      for (const text of texts) {
        assert.ok(!text.includes(PASSWORD) && !text.includes("another long password"));
        assert.doesNotMatch(text, /vgot_[\w-]{43}/);
      }
    },
  );
});
