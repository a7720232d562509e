import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { probeHandshake } from "../../shared/platform/client_certificate_probe.ts";
import { enrolmentBytes } from "../../shared/canonical/envoy_frames.ts";
import { loadSigner } from "../../shared/crypto/ed25519.ts";
import { Refusal_Reason } from "../../shared/proto/agent.ts";
import { auditVerify } from "../../shared/rest/audit.ts";
import { configDiff, configHistory } from "../../shared/rest/config.ts";
import { enroll, enrollTokenList } from "../../shared/rest/enroll.ts";
import { envoyList, envoyShow } from "../../shared/rest/envoys.ts";
import { runList } from "../../shared/rest/runs.ts";
import { eventually } from "../support/eventually.ts";
import { runOrThrow } from "../support/run_command.ts";
import {
  completeEnrolment,
  draftEnrolment,
  RefusedCall,
  SimulatedEnvoy,
  type SimulatedIdentity,
} from "../support/simulated_envoy.ts";
import { type FleetHost, placeSwarm, TestFleet } from "../support/test_fleet.ts";
import { TestAuthority } from "./swarm_fleet.ts";

const DEADLINE_MS = 180_000;
/** Moments of a kill are drawn from this seed, so that a failure can be repeated. */
const SEED = 1531;
const HOUR_MS = 3_600_000;

/** Moments in ms at which something is killed. */
function moments(count: number, earliestMs: number, latestMs: number): readonly number[] {
  const between = fc.noBias(fc.integer({ min: earliestMs, max: latestMs }));
  return fc.sample(between, { seed: SEED, numRuns: count });
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

/** A machine that is no process: it enrols over the real API and speaks to the real listener. */
async function enrolSimulated(fleet: TestFleet, hostname: string): Promise<SimulatedIdentity> {
  const draft = await draftEnrolment(await fleet.createToken("--hostname", hostname), hostname);
  const answer = await fleet.api("/enroll", { method: "POST", json: draft.request });
  assert.equal(answer.status, 200, answer.text);
  return completeEnrolment(draft, enroll.answer.parse(answer.json));
}

function simulate(fleet: TestFleet, identity: SimulatedIdentity, now?: () => number) {
  return new SimulatedEnvoy({
    address: `${fleet.hub.place.hostname}:${fleet.grpcPort}`,
    identity,
    ...(now === undefined ? {} : { now }),
  });
}

async function refusal(call: Promise<unknown>): Promise<RefusedCall> {
  try {
    await call;
  } catch (error) {
    if (error instanceof RefusedCall) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: "the call was answered" });
}

/** Asserts that an enrolment fails in one line. */
async function assertRefused(
  fleet: TestFleet,
  host: Pick<FleetHost, "hostname" | "root">,
  token: string,
  wanted: RegExp,
): Promise<void> {
  const { code, stderr } = await fleet.bootstrap(host, token);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /^error: [^\n]*\n$/);
  assert.match(stderr, wanted);
}

/** Waits until an envoy has checked in twice from now on. */
async function checksInTwice(fleet: TestFleet, hostname: string): Promise<void> {
  const seen = new Set<number | null>();
  await eventually(`${hostname} has checked in twice`, async () => {
    seen.add((await fleet.ask(envoyShow, "envoys", "show", hostname)).lastSeenMs);
    return seen.size > 2;
  }, DEADLINE_MS);
}

async function assertAuditIntact(fleet: TestFleet): Promise<void> {
  const verdict = await fleet.ask(auditVerify, "audit", "verify");
  assert.deepEqual([verdict.intact, verdict.brokenAt], [true, null]);
}

Deno.test("a token that does not admit says why, and admits nobody", async (t) => {
  await TestFleet.run(["hub", "web-1", "web-2"], async (fleet) => {
    const web = fleet.host("web-1");
    const other = fleet.host("web-2");

    await t.step("used twice", async () => {
      const token = await fleet.createToken();
      assert.equal((await fleet.bootstrap(web, token)).code, 0);
      await assertRefused(fleet, other, token, /token [0-9a-f]+ has been used/);
    });

    await t.step("expired", async () => {
      const token = await fleet.createToken("--ttl", "1s");
      await eventually("the token has expired", async () => {
        const { tokens } = await fleet.ask(enrollTokenList, "enroll", "token", "list");
        return tokens.some(({ state }) => state === "expired");
      });
      await assertRefused(fleet, other, token, /is expired\. Create another with: vigocli/);
    });

    await t.step("for other hostnames, keeping its use", async () => {
      const token = await fleet.createToken("--hostname", "db-*");
      await assertRefused(fleet, other, token, /"web-2": token [0-9a-f]+ is for hostname "db-\*"/);
      const db = { hostname: "db-1", root: join(fleet.hub.root, "../db-1") };
      assert.equal((await fleet.bootstrap(db, token)).code, 0);
    });

    await t.step("revoked, unknown and empty", async () => {
      const token = await fleet.createToken();
      const { tokens } = await fleet.ask(enrollTokenList, "enroll", "token", "list");
      const valid = tokens.find(({ state }) => state === "valid");
      await fleet.cli("enroll", "token", "revoke", valid?.id ?? "");
      await assertRefused(fleet, other, token, /is revoked/);
      await assertRefused(fleet, other, `vget_${"0".repeat(32)}`, /token is not known/);
    });

    await t.step("for the server's own hostname, without naming it", async () => {
      await assertRefused(fleet, fleet.hub, await fleet.createToken(), /server's own name/);
    });

    await t.step(
      "a hostname in use is refused; --replace takes it over and revokes the old",
      async () => {
        const again = { hostname: "web-1", root: other.root };
        const token = await fleet.createToken("--hostname", "web-1");
        await assertRefused(
          fleet,
          again,
          token,
          /hostname "web-1" is in use by envoy [0-9a-f-]{36}/,
        );
        const wild = await fleet.tryCli(
          "enroll",
          "token",
          "create",
          "--hostname",
          "web-*",
          "--replace",
        );
        assert.equal(wild.code, 2);
        assert.match(wild.stderr, /^error: [^\n]*wildcard[^\n]*\n$/);

        const old = await fleet.ask(envoyShow, "envoys", "show", "web-1");
        await fleet.startAgent(web);
        const replacing = await fleet.createToken("--hostname", "web-1", "--replace");
        assert.equal((await fleet.bootstrap(again, replacing)).code, 0);
        const { uuid } = await fleet.ask(envoyShow, "envoys", "show", "web-1");
        assert.notEqual(uuid, old.uuid);
        const { envoys } = await fleet.ask(envoyList, "envoys", "list", "--all");
        assert.equal(envoys.find((envoy) => envoy.uuid === old.uuid)?.state, "revoked");
        await eventually(
          "the old agent knows that it is revoked",
          async () => /revoked/.test((await fleet.status(web)).lastFailure ?? ""),
          DEADLINE_MS,
        );
      },
    );
  });
});

Deno.test("only certificates of this fleet reach the agents' listener", async (t) => {
  await TestFleet.run(["hub", "web-1"], async (fleet) => {
    const web = fleet.host("web-1");
    const listener = {
      hostname: fleet.hub.place.hostname,
      port: fleet.grpcPort,
      ca: await Deno.readTextFile(fleet.caFile),
      alpn: "h2",
    };

    await t.step("a client without a certificate is turned away", async () => {
      assert.equal(await probeHandshake(listener), "refused");
    });

    await t.step("a client of a foreign CA is turned away, a member is served", async () => {
      const member = await enrolSimulated(fleet, "probe");
      const foreign = await TestAuthority.create();
      const identity = await foreign.issue({
        hostname: "probe",
        uuid: member.uuid,
        author: loadSigner(member.signingKeyPem).publicKey.toHex(),
      });
      assert.equal(await probeHandshake({ ...listener, identity }), "refused");
      const genuine = { certificate: member.certificatePem, privateKey: member.tlsKeyPem };
      assert.equal(await probeHandshake({ ...listener, identity: genuine }), "served");
    });

    await t.step("an agent whose certificate is missing says which file", async () => {
      await fleet.enrol(web);
      const path = join(web.root, "etc/vigo-envoy/client.pem");
      const pem = await Deno.readTextFile(path);
      await Deno.remove(path);
      const { code, stderr } = await fleet.vigo(web, ["daemon"]);
      assert.equal(code, 1);
      assert.match(stderr.trim().split("\n").at(-1) ?? "", /^error: .*client\.pem/);
      await Deno.writeTextFile(path, pem);
    });

    await t.step("an agent does not check in with a server of another CA", async () => {
      const path = join(web.root, "etc/vigo-envoy/ca.pem");
      const pem = await Deno.readTextFile(path);
      await Deno.writeTextFile(path, (await TestAuthority.create()).pem);
      const { code, stderr } = await fleet.vigo(web, ["run", "--once"]);
      assert.equal(code, 4, stderr);
      assert.match(
        stderr.trim().split("\n").at(-1) ?? "",
        /^error: Nothing applied: .*certificate/i,
      );
      await Deno.writeTextFile(path, pem);
    });
  });
});

Deno.test("a revoked envoy is cut off at once and stays out", async () => {
  await TestFleet.run(["hub", "web-1"], async (fleet) => {
    const web = fleet.host("web-1");
    const lost = await enrolSimulated(fleet, "lost");
    using envoy = simulate(fleet, lost);
    await envoy.settle();
    const stream = await envoy.openStream();
    await fleet.join(web);
    await eventually("its stream is open", async () => (await fleet.status(web)).streamOpen);

    await fleet.cli("envoys", "revoke", "lost", "--reason", "stolen");
    assert.equal((await stream.ended)?.reason, Refusal_Reason.REVOKED);
    assert.equal((await refusal(envoy.checkIn())).reason, Refusal_Reason.REVOKED);
    assert.equal((await refusal(envoy.openStream())).reason, Refusal_Reason.REVOKED);
    const identity = { certificate: lost.certificatePem, privateKey: lost.tlsKeyPem };
    const rest = await fleet.api("/envoys", { identity });
    assert.equal(rest.status, 401);

    // The same keys with a fresh token: the identity is gone for good.
    const draft = await draftEnrolment(await fleet.createToken(), "lost");
    const signer = loadSigner(lost.signingKeyPem);
    const csr = Uint8Array.fromBase64(draft.request.csr);
    const again = await fleet.api("/enroll", {
      method: "POST",
      json: {
        ...draft.request,
        signingKey: signer.publicKey.toBase64(),
        signature: signer.sign(enrolmentBytes(draft.request.token, csr)).toBase64(),
      },
    });
    assert.equal(again.status, 409, again.text);

    await fleet.cli("envoys", "revoke", "web-1");
    await eventually("the daemon says that it is revoked", async () => {
      const { streamOpen, lastFailure } = await fleet.status(web);
      return !streamOpen && /revoked/.test(lastFailure ?? "");
    }, DEADLINE_MS);
    const enrolment = await fleet.bootstrap(web, await fleet.createToken());
    assert.equal(enrolment.code, 3, enrolment.stderr);
    assert.match(enrolment.stderr, /^error: [^\n]*already enrolled as web-1[^\n]*\n$/);
    const { envoys } = await fleet.ask(envoyList, "envoys", "list");
    assert.deepEqual(envoys, []);
    await assertAuditIntact(fleet);
  });
});

Deno.test("two agents with one identity are shown as cloned?, until one is gone and the other accepted", async () => {
  await TestFleet.run(["hub", "web-1", "copy"], async (fleet) => {
    const web = fleet.host("web-1");
    const copy = fleet.host("copy");
    await fleet.join(web);
    await checksInTwice(fleet, "web-1");
    await fleet.stopAgent(web);
    await runOrThrow("cp", ["-a", web.root, copy.root]);
    const config = join(copy.root, "etc/vigo-envoy/config");
    const text = await Deno.readTextFile(config);
    await Deno.writeTextFile(config, text.slice(0, text.indexOf("swarm:")));
    await placeSwarm(copy);
    await Promise.all([fleet.startAgent(web), fleet.startAgent(copy)]);
    await eventually("both are suspected", async () => {
      const { state } = await fleet.ask(envoyShow, "envoys", "show", "web-1");
      return state === "cloned?" && (await fleet.status(web)).suspectedClone;
    }, DEADLINE_MS);
    assert.match(await fleet.cli("envoys"), /^web-1 +cloned\? /m);

    await fleet.stopAgent(copy);
    assert.match(await fleet.cli("envoys", "accept", "web-1"), /^web-1 is accepted/);
    await checksInTwice(fleet, "web-1");
    assert.equal((await fleet.ask(envoyShow, "envoys", "show", "web-1")).state, "active");
    assert.equal((await fleet.status(web)).suspectedClone, false);
  }, { checkInSeconds: 1 });
});

/** Stacks whose every file holds one word; `many` of them, so that a publish takes its time. */
async function stageWord(fleet: TestFleet, word: string, many: number): Promise<void> {
  const names = Array.from({ length: many }, (_, index) => `crate-${index}`);
  const folder = join(fleet.hub.root, "..", "{{ traits.agent_self.hostname }}");
  await fleet.stage({
    "envoys.vgo": `envoys:\n  - match: "*"\n    configcrates: [${names.join(", ")}]\n`,
    ...Object.fromEntries(names.map((name) => [
      `configcrates/${name}.vgo`,
      `name: ${name}\nresources:\n  - file: "${folder}/${name}"\n    content: "${word}"\n`,
    ])),
  });
}

Deno.test("kill -9 of the server amid check-ins loses nothing that was enrolled, seen or recorded", async () => {
  await TestFleet.run(["hub", "web-1", "web-2"], async (fleet) => {
    await fleet.join();
    await stageWord(fleet, "steady", 3);
    await fleet.cli("config", "publish");
    const before = await eventually("all are converged", async () => {
      const { envoys } = await fleet.ask(envoyList, "envoys", "list");
      return envoys.every(({ convergence }) => convergence === "Converged") && envoys;
    }, DEADLINE_MS);
    for (const moment of moments(3, 0, 1_200)) {
      await pause(moment);
      await fleet.killServer();
      await fleet.startServer();
      const after = await eventually("every view is whole again", async () => {
        const { envoys } = await fleet.ask(envoyList, "envoys", "list");
        const details = await Promise.all(
          envoys.map(({ uuid }) => fleet.ask(envoyShow, "envoys", "show", uuid)),
        );
        return details.every(({ presence, traits, convergence, ip }) =>
          presence === "online" && "os" in traits && convergence === "Converged" && ip !== null
        ) && envoys;
      }, DEADLINE_MS);
      assert.deepEqual(
        after.map(({ uuid, hostname, state }) => [uuid, hostname, state]),
        before.map(({ uuid, hostname }) => [uuid, hostname, "active"]),
      );
      await assertAuditIntact(fleet);
    }
  }, { checkInSeconds: 1 });
});

Deno.test("kill -9 of agents at any moment leaves a fleet that tells one story", async () => {
  await TestFleet.run(["hub", "web-1", "web-2"], async (fleet) => {
    const agents = [fleet.host("web-1"), fleet.host("web-2")];
    await fleet.join(...agents);
    await stageWord(fleet, "steady", 20);
    await fleet.cli("config", "publish");
    for (const [round, moment] of moments(4, 0, 1_500).entries()) {
      await stageWord(fleet, `round ${round}`, 20);
      await fleet.cli("config", "publish");
      await pause(moment);
      await Promise.all(agents.map((agent) => fleet.killAgent(agent)));
      for (const agent of agents) fleet.launchAgent(agent);
    }
    for (const { root, hostname } of agents) {
      await eventually(`${hostname} holds the last round`, async () => {
        for (let index = 0; index < 20; index++) {
          if (await Deno.readTextFile(join(root, `crate-${index}`)) !== "round 3") return false;
        }
        return true;
      }, DEADLINE_MS);
    }
    await eventually("both are converged and nobody is suspected", async () => {
      const { envoys } = await fleet.ask(envoyList, "envoys", "list");
      return envoys.length === 2 &&
        envoys.every(({ state, presence, convergence }) =>
          state === "active" && presence === "online" && convergence === "Converged"
        );
    }, DEADLINE_MS);
    for (const agent of agents) {
      await eventually(
        `${agent.hostname} has reported everything`,
        async () => (await fleet.status(agent)).queuedReports === 0,
        DEADLINE_MS,
      );
    }
    const { runs } = await fleet.ask(runList, "runs", "list", "--limit", "1000");
    assert.equal(new Set(runs.map(({ runId }) => runId)).size, runs.length);
    assert.deepEqual(runs.filter(({ failed }) => failed > 0), []);
  }, { checkInSeconds: 1 });
});

Deno.test("kill -9 of the server amid a publish leaves the old version live or the new one", async () => {
  const files = 120;
  await TestFleet.run(["hub", "web-1"], async (fleet) => {
    const web = fleet.host("web-1");
    await fleet.enrol(web);
    await stageWord(fleet, "word 0", files);
    await fleet.cli("config", "publish", "-m", "word 0");
    let live = "word 0";
    for (const [round, moment] of moments(5, 150, 800).entries()) {
      const next = `word ${round + 1}`;
      await stageWord(fleet, next, files);
      const publish = fleet.tryCli("config", "publish", "-m", next);
      await pause(moment);
      await fleet.killServer();
      const { code } = await publish;
      await fleet.startServer();
      const { versions } = await fleet.ask(configHistory, "config", "history");
      const now = versions.find((version) => version.live)?.message;
      assert.ok(now === next || (now === live && code !== 0), `${now} is live after ${live}`);
      assert.equal(versions.filter((version) => version.live).length, 1);
      const run = await fleet.vigo(web, ["run", "--once"]);
      assert.equal(run.code, 0, run.stderr);
      const words = new Set<string>();
      for (let index = 0; index < files; index++) {
        words.add(await Deno.readTextFile(join(web.root, `crate-${index}`)));
      }
      assert.deepEqual([...words], [now]);
      const { changes } = await fleet.ask(configDiff, "config", "diff");
      assert.equal(changes.length, now === next ? 0 : 1);
      await assertAuditIntact(fleet);
      live = now ?? "";
    }
  });
});

Deno.test("a database that another process holds is refused in one line, and served once it is free", async () => {
  await TestFleet.run(["hub"], async (fleet) => {
    await fleet.stopServer();
    const path = join(fleet.hub.root, "srv/vigo/db/vigo.db");
    const holder = new DatabaseSync(path);
    holder.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    const server = fleet.launchServer();
    assert.deepEqual(await server.exited, { code: 1, signal: null });
    const errors = server.output("stderr").split("\n").filter((line) => line.startsWith("error: "));
    assert.equal(errors.length, 1, server.output());
    assert.match(errors[0] ?? "", /vigo\.db": another process holds a lock/);
    holder.close();
    await fleet.startServer();
    await assertAuditIntact(fleet);
  });
});

Deno.test("an upload that is not as long as it says is refused and leaves nothing", async () => {
  await TestFleet.run(["hub"], async (fleet) => {
    await fleet.join();
    await fleet.swarmRuns();
    const upload = (sizeBytes: number, body: string) =>
      fleet.api(`/swarm/filecasts?label=x.bin&target=*&sizeBytes=${sizeBytes}`, {
        method: "POST",
        headers: { "content-type": "application/octet-stream" },
        body,
      });
    for (const [declared, status] of [[3, 400], [5, 400], [2 ** 50, 507]] as const) {
      const answer = await upload(declared, "four");
      assert.equal(answer.status, status, answer.text);
    }
    const seed = join(fleet.hub.root, "var/lib/vigo/swarm/seed");
    const names = await Array.fromAsync(Deno.readDir(seed), ({ name }) => name).catch(() => []);
    assert.deepEqual(names, []);
    assert.equal((await upload(4, "four")).status, 200);
  });
});

for (const [what, offsetMs] of [["behind", -HOUR_MS], ["ahead", HOUR_MS]] as const) {
  Deno.test(`an agent whose clock is an hour ${what} learns the offset and checks in`, async () => {
    await TestFleet.run(["hub", "web-1"], async (fleet) => {
      const web = fleet.host("web-1");
      await fleet.enrol(web);
      await fleet.startAgent(web, offsetMs);
      await stageWord(fleet, "despite the clock", 1);
      await fleet.cli("config", "publish");
      await eventually(
        "the policy is applied",
        async () => await Deno.readTextFile(join(web.root, "crate-0")) === "despite the clock",
        DEADLINE_MS,
      );
      const { clockOffsetMs } = await fleet.status(web);
      assert.ok(Math.abs(clockOffsetMs + offsetMs) < 60_000, `learnt ${clockOffsetMs}`);
      assert.match(
        (await fleet.vigo(web, ["status"])).stdout,
        new RegExp(`^Clock: +\\S+ ${what === "behind" ? "behind" : "ahead of"} the server$`, "m"),
      );
      assert.equal((await fleet.ask(envoyShow, "envoys", "show", "web-1")).presence, "online");
    });
  });
}
