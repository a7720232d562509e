import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import { LocalPuddleClient } from "../../agent/puddle/local_puddle_client.ts";
import { readKnownPuddles } from "../../agent/puddle_mesh/puddle_watch.ts";
import { readPeers } from "../../agent/swarm/mirror.ts";
import { agentPaths } from "../../agent/store/agent_paths.ts";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { configPublish } from "../../shared/rest/config.ts";
import { puddleEvict, puddleShow } from "../../shared/rest/puddle.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { programCommand } from "../support/run_program.ts";
import { eventually } from "../support/eventually.ts";
import { TestProcess } from "../support/process.ts";
import { type FleetHost, TestFleet } from "../support/test_fleet.ts";

const SECTIONS = {
  swarm: { enabled: ["*"], payload: { enabled: ["*"] }, puddle: { enabled: ["*"] } },
};
const PASSPHRASE = "correct horse battery staple";
const WRONG_CODE = "0000-0000-0000-0000";

const identity = z.object({ publicKey: z.string() });
const offer = z.object({ code: z.string(), host: z.string() });
const status = z.object({
  publicKey: z.string().nullable(),
  retiredKeys: z.array(z.string()),
  session: z.object({ pid: z.number() }).nullable(),
  offer: z.string(),
});

/** mara's puddle on the machines of a fleet; she has the number of whoever runs the tests. */
class PuddleUser {
  constructor(private readonly fleet: TestFleet) {}

  home({ root }: FleetHost): string {
    return join(root, "home/mara");
  }

  folder(host: FleetHost): string {
    return join(this.home(host), ".vigo-puddle");
  }

  /** Gives a host its own table of users, with mara in it. */
  async settle(host: FleetHost): Promise<void> {
    await Deno.mkdir(this.home(host), { recursive: true });
    await Deno.mkdir(join(host.root, "etc"), { recursive: true });
    const line = `mara:x:${Deno.uid()}:${Deno.gid()}::/home/mara:/bin/sh\n`;
    await Deno.writeTextFile(join(host.root, "etc/passwd"), line);
    await Deno.writeTextFile(join(host.root, "etc/group"), `mara:x:${Deno.gid()}:\n`);
    await Deno.writeTextFile(join(host.root, "passphrase"), `${PASSPHRASE}\n`, { mode: 0o600 });
  }

  /** Runs a verb of `vigo swarm puddle`, however that ends. */
  try(host: FleetHost, ...args: string[]) {
    return this.fleet.vigo(
      host,
      ["swarm", "puddle", ...args, "--user", "mara"],
      // A session of this user's own has its place in this home.
      { XDG_RUNTIME_DIR: "" },
    );
  }

  /** What a verb prints as JSON. @throws {Error} if its status is not 0. */
  async ask<T>(schema: z.ZodType<T>, host: FleetHost, ...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.try(host, ...args, "--json");
    if (code !== 0) throw new Error(`puddle ${args.join(" ")}: status ${code}: ${stderr.trim()}`);
    return schema.parse(JSON.parse(stdout));
  }

  withPassphrase<T>(schema: z.ZodType<T>, host: FleetHost, ...args: string[]): Promise<T> {
    return this.ask(schema, host, ...args, "--passphrase-file", join(host.root, "passphrase"));
  }

  status(host: FleetHost) {
    return this.ask(status, host, "status");
  }

  /** Joins as the verb does, without a process: only the code matters. */
  async join(host: FleetHost, from: string, code: string): Promise<string> {
    const { uid, gid } = { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };
    const caller = { name: "mara", uid, gid, home: this.home(host) };
    const client = new LocalPuddleClient(agentPaths(rootPaths(host.root)).agentSocket, caller);
    await Deno.mkdir(this.folder(host), { recursive: true, mode: 0o700 });
    const body = { host: from, remoteUser: "mara", code };
    return await client.post("/puddle/join", body).then(
      () => "joined",
      (error) => error instanceof Error ? error.message : String(error),
    );
  }
}

/** Publishes what mara may do on every machine, and waits until all of them have applied it. */
async function grant(fleet: TestFleet, puddle: boolean): Promise<void> {
  await fleet.stage({
    "usercrates/mara.vgo": `name: mara\nresources:\n  - user: mara\n    puddle: ${puddle}\n`,
    "envoys.vgo": 'match: "*"\nusercrates: [mara]\n',
  });
  await fleet.ask(configPublish, "config", "publish", "-m", `puddle ${puddle}`);
  await Promise.all(
    fleet.hosts.map((host) =>
      eventually(`${host.hostname} has mara's grants`, async () => {
        const path = join(host.root, "var/lib/vigo/usercrate-policy/mara.json");
        return JSON.parse(await Deno.readTextFile(path)).puddle === puddle;
      })
    ),
  );
}

function isGone(path: string): Promise<boolean> {
  return Deno.lstat(path).then(() => false, (error) => error instanceof Deno.errors.NotFound);
}

Deno.test("a person's identity lives on several machines, and leaves them", async (t) => {
  await TestFleet.run(["hub", "web-1"], async (fleet) => {
    const [hub, web] = fleet.hosts;
    assert.ok(hub && web);
    const mara = new PuddleUser(fleet);
    for (const host of fleet.hosts) await mara.settle(host);
    await fleet.join();
    await fleet.swarmRuns();
    try {
      await useAndLeave(t, fleet, mara, hub, web);
    } finally {
      // A session outlives whoever started it.
      for (const host of fleet.hosts) await mara.try(host, "lock");
    }
  }, { sections: SECTIONS });
});

async function useAndLeave(
  t: Deno.TestContext,
  fleet: TestFleet,
  mara: PuddleUser,
  hub: FleetHost,
  web: FleetHost,
): Promise<void> {
  await t.step("without a grant there is none, and the refusal names the file", async () => {
    const passphrase = join(hub.root, "passphrase");
    const { code, stderr } = await mara.try(hub, "init", "--passphrase-file", passphrase);
    assert.equal(code, EXIT_CODE.notPermitted);
    assert.match(stderr, /usercrate-policy\/mara\.json does not grant it to mara/);
    assert.ok(await isGone(mara.folder(hub)));
  });

  await grant(fleet, true);
  await eventually("web-1 has met the hub", async () => {
    const peers = await readPeers(agentPaths(rootPaths(web.root)).swarmFolder);
    return peers.ok && peers.value.peers.some(({ hostname }) => hostname === "hub");
  });
  const { publicKey } = await mara.withPassphrase(identity, hub, "init");

  await t.step("a code that was wrong five times ends the offer", async () => {
    const { code } = await mara.ask(offer, hub, "pair", "--no-wait");
    for (const left of [4, 3, 2, 1]) {
      assert.match(
        await mara.join(web, "hub", WRONG_CODE),
        new RegExp(`${left} attempts are left`),
      );
    }
    assert.match(await mara.join(web, "hub", WRONG_CODE), /withdrawn/);
    assert.match(await mara.join(web, "hub", code), /no offer of mara stands on hub/);
    assert.equal((await mara.status(hub)).offer, "withdrawn");
  });

  await t.step("another machine takes the identity over with the code", async () => {
    const { code, host } = await mara.ask(offer, hub, "pair", "--no-wait");
    assert.equal(host, "hub");
    const joined = await joinWith(web, code);
    assert.equal(joined.publicKey, publicKey);
    assert.equal((await mara.status(web)).publicKey, publicKey);
    for (const file of ["identity.wrapped", "identity.salt", "identity.pub"]) {
      assert.deepEqual(
        await Deno.readFile(join(mara.folder(web), file)),
        await Deno.readFile(join(mara.folder(hub), file)),
        file,
      );
    }
    assert.equal((await mara.status(hub)).offer, "claimed");
    const again = await mara.try(web, "join", "--from", "hub", "--code-stdin");
    assert.match(again.stderr, /not overwritten/);
  });

  await t.step("it is unlocked there with the same passphrase, and the fleet sees it", async () => {
    const unlocked = await mara.withPassphrase(identity, web, "unlock");
    assert.equal(unlocked.publicKey, publicKey);
    await eventually("the server knows both machines", async () => {
      const { members } = await fleet.ask(puddleShow, "swarm", "puddle", "show", publicKey);
      return members.length === 2 &&
        members.some(({ hostname, unlocked }) => hostname === "web-1" && unlocked);
    });
    const listed = await fleet.cli("swarm", "puddle", "list");
    assert.match(listed, new RegExp(`^${publicKey.slice(0, 12)} +- +2 +1 +current$`, "m"));
  });

  await t.step("a change of the key leaves the old one as a delegation", async () => {
    const keys = z.object({ oldKey: z.string(), newKey: z.string() });
    const { oldKey, newKey } = await mara.withPassphrase(keys, hub, "rekey");
    assert.equal(oldKey, publicKey);
    const now = await mara.status(hub);
    assert.equal(now.publicKey, newKey);
    assert.deepEqual(now.retiredKeys, [oldKey]);
    assert.equal((await mara.status(web)).publicKey, oldKey);
    await eventually("the server knows the new key", async () => {
      const shown = await fleet.ask(puddleShow, "swarm", "puddle", "show", newKey);
      return shown.retiredKeys.includes(oldKey);
    });
    const old = await fleet.cli("swarm", "puddle", "show", oldKey);
    assert.match(old, new RegExp(`old: it signed that ${newKey} took its place, which is current`));
    assert.match(old, /web-1 .*its user leaves there and joins again/);
    const again = await mara.try(
      web,
      "rekey",
      "--passphrase-file",
      join(web.root, "passphrase"),
    );
    assert.equal(again.code, EXIT_CODE.refused);
    assert.match(again.stderr, new RegExp(`replaced by ${newKey} already`));
  });

  await t.step(
    "an evicted identity leaves its machine with its session, and no other",
    async () => {
      const { session } = await mara.status(web);
      assert.ok(session);
      const evicted = ["swarm", "puddle", "evict", publicKey, "web-1"] as const;
      assert.equal((await fleet.ask(puddleEvict, ...evicted)).changed, true);
      assert.equal((await fleet.ask(puddleEvict, ...evicted)).changed, false);
      await eventually("web-1 has removed it", () => isGone(mara.folder(web)));
      await eventually("nobody holds the key there", () => isGone(`/proc/${session.pid}`));
      assert.deepEqual(await readKnownPuddles(agentPaths(rootPaths(web.root)).puddleState), {});
      assert.ok((await mara.status(hub)).publicKey);
    },
  );

  await t.step("a grant that is taken away takes the identity with it", async () => {
    await grant(fleet, false);
    await eventually("the hub has removed it", () => isGone(mara.folder(hub)));
    assert.ok(await isGone(join(mara.folder(hub), "identity.wrapped")));
  });
}

async function joinWith(host: FleetHost, code: string) {
  const args = ["swarm", "puddle", "join", "--from", "hub", "--code-stdin", "--json"];
  await using process = TestProcess.start(
    Deno.execPath(),
    programCommand("vigo", [...args, "--user", "mara", "--root", host.root]),
    { env: { XDG_RUNTIME_DIR: "", NO_COLOR: "1" } },
  );
  process.write(`${code}\n`);
  process.closeStdin();
  const { code: exitCode } = await process.exited;
  assert.equal(exitCode, 0, process.output("stderr"));
  return identity.parse(JSON.parse(process.output("stdout")));
}
