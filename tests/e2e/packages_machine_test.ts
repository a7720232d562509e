import assert from "node:assert/strict";
import { join } from "node:path";
import { outcomesInMachine, type TestResource } from "../support/apply_in_machine.ts";
import { offerPackages } from "../support/debian_package.ts";
import { eventually } from "../support/eventually.ts";
import { PACKAGE_KEY } from "../support/package_key.ts";
import { makeSignedRepository } from "../support/signed_repository.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";
import { canBootMachine, ThrowawayMachine } from "../support/throwaway_machine.ts";

/** Packages and their sources are changed for real, so only in a machine that is thrown away. */
const canRun = canBootMachine();
if (!canRun) {
  console.warn("skipped: packages in a throw-away machine need root, namespaces and systemd");
}

Deno.test({
  name: "packages come from sources that are signed, and from no broken one",
  ignore: !canRun,
  fn: async (t) => {
    await using origin = await TemporaryRoot.create();
    await Deno.chmod(origin.path, 0o755);
    const made = await makeSignedRepository(origin.join("signed"), [
      { name: "vigo-signed", version: "1.0" },
    ]);
    await using machine = await ThrowawayMachine.boot({ folders: [origin.path] });
    await offerPackages(machine, [{ name: "vigo-tiny", version: "1.0" }]);
    const source = (params: Readonly<Record<string, unknown>>): TestResource => ({
      id: "repository:signed",
      params: { name: "signed", uris: `file:${made.folder}`, suites: "./", ...params },
    });
    const apply = (...resources: readonly TestResource[]) => outcomesInMachine(machine, resources);
    const sources = () => machine.runOrThrow("ls", ["/etc/apt/sources.list.d"]);
    const install: TestResource = {
      id: "package:vigo-signed",
      params: { name: "vigo-signed" },
      dependsOn: ["repository:signed"],
    };

    await t.step("a source with another key than the one that signed it blocks", async () => {
      const [blocked, skipped] = await apply(source({ key: PACKAGE_KEY }), install);
      assert.match(blocked ?? "", /^blocked: apt-get update .*(?:not signed|NO_PUBKEY)/s);
      assert.match(skipped ?? "", /^skipped: depends on repository:signed, which is blocked/);
      assert.equal(await sources(), "");
    });

    await t.step(
      "a source that nobody vouches for blocks, and so does one that is not there",
      async () => {
        assert.match((await apply(source({})))[0] ?? "", /^blocked: /);
        const gone = source({ uris: "file:/srv/nowhere", trusted: true });
        assert.match((await apply(gone))[0] ?? "", /^blocked: /);
        assert.equal(await sources(), "");
        await machine.runOrThrow("apt-get", ["--option=APT::Update::Error-Mode=any", "update"]);
      },
    );

    await t.step(
      "a source with its key is used at once, and the second run finds both",
      async () => {
        const wanted = source({ key: made.key, fingerprint: made.fingerprint });
        assert.deepEqual(await apply(wanted, install), ["created", "created"]);
        assert.deepEqual(await apply(wanted, install), ["none", "none"]);
        assert.equal(
          await machine.runOrThrow("stat", ["-c", "%a %U", "/etc/apt/keyrings/signed.asc"]),
          "644 root\n",
        );
      },
    );

    await t.step("a change that breaks it is taken back", async () => {
      const broken = source({ uris: "file:/srv/nowhere", key: made.key });
      assert.match((await apply(broken))[0] ?? "", /^blocked: /);
      assert.match(
        await machine.runOrThrow("cat", ["/etc/apt/sources.list.d/signed.sources"]),
        new RegExp(`^URIs: file:${made.folder}$`, "m"),
      );
    });

    await t.step(
      "a key that lies on the machine is used where it is, if it is the wanted one",
      async () => {
        const path = "/usr/share/keyrings/vigo-signed.asc";
        await Deno.writeTextFile(join(machine.root, path), made.key);
        const params = { key_file: path, fingerprint: made.fingerprint };
        assert.deepEqual(await apply(source(params)), ["updated"]);
        assert.equal((await machine.run("test", ["-e", "/etc/apt/keyrings/signed.asc"])).code, 1);
        await Deno.writeTextFile(join(machine.root, path), PACKAGE_KEY);
        assert.match(
          (await apply(source(params)))[0] ?? "",
          /^unknown: key_file .* has the fingerprint/,
        );
      },
    );

    await t.step("a source goes with its key", async () => {
      const absent = { id: "repository:signed", params: { name: "signed", ensure: "absent" } };
      assert.deepEqual(await apply(absent), ["deleted"]);
      assert.deepEqual(await apply(absent), ["none"]);
      assert.equal(await sources(), "");
    });
  },
});

Deno.test({
  name: "apt waits for its lock, asks nothing, removes nothing, and tells whose fault it is",
  ignore: !canRun,
  fn: async (t) => {
    await using machine = await ThrowawayMachine.boot();
    const conf = "/etc/vigo-tiny.conf";
    const tiny = (version: string) => ({
      name: "vigo-tiny",
      version,
      files: { [conf]: `version ${version}\n` },
      conffiles: [conf],
    });
    const broken = { name: "vigo-broken", version: "1.0", postinst: "exit 3" };
    const rival = {
      name: "vigo-rival",
      version: "1.0",
      fields: { Conflicts: "vigo-tiny", Replaces: "vigo-tiny" },
    };
    const apply = async (params: Readonly<Record<string, unknown>>) => {
      const [outcome = ""] = await outcomesInMachine(machine, [{ id: "package:x", params }]);
      return outcome;
    };
    await offerPackages(machine, [tiny("1.0"), broken, rival]);

    await t.step("a lock that another program holds is waited for", async () => {
      const locker = machine.start("perl", ["-e", HOLD_LOCK]);
      await locker.waitForLine(/^locked$/);
      const applied = apply({ name: "vigo-tiny" });
      const isWaiting = async () => (await machine.run("pgrep", ["-x", "apt-get"])).code === 0;
      await eventually("apt-get has been started", isWaiting);
      locker.closeStdin();
      assert.equal(await applied, "created");
    });

    await t.step("a configuration file that was changed stays, and nobody is asked", async () => {
      await Deno.writeTextFile(join(machine.root, conf), "mine\n");
      await offerPackages(machine, [tiny("2.0"), broken, rival]);
      assert.equal(await apply({ name: "vigo-tiny", ensure: "latest" }), "updated");
      assert.equal(await machine.runOrThrow("cat", [conf]), "mine\n");
    });

    await t.step("latest looks for newer packages by itself", async () => {
      await offerPackages(machine, [tiny("3.0"), broken, rival]);
      await machine.runOrThrow("sh", ["-c", "rm -rf /var/lib/apt/lists/*"]);
      assert.equal(await apply({ name: "vigo-tiny", ensure: "latest" }), "updated");
    });

    await t.step("no package goes for another one", async () => {
      assert.match(
        await apply({ name: "vigo-rival" }),
        /^failed: Cannot install vigo-rival: apt would remove vigo-tiny for it\. If that is meant/,
      );
      await machine.runOrThrow("dpkg-query", ["--show", "vigo-tiny"]);
    });

    await t.step(
      "a package that breaks fails, and blocks the others until it is gone",
      async () => {
        assert.match(await apply({ name: "vigo-broken" }), /^failed: Cannot install vigo-broken/);
        await machine.runOrThrow("dpkg", ["--remove", "--force-all", "vigo-tiny"]);
        assert.match(
          await apply({ name: "vigo-tiny" }),
          /^blocked: dpkg cannot finish vigo-broken; repair with/,
        );
        assert.equal(await apply({ name: "vigo-broken", ensure: "absent" }), "deleted");
        assert.match(await apply({ name: "vigo-tiny" }), /^(?:created|none)$/);
      },
    );
  },
});

/** Holds apt's lock, as apt does, until its standard input is closed. */
const HOLD_LOCK = `
use Fcntl;
open(my $lock, ">", "/var/lib/dpkg/lock-frontend") or die;
my $range = pack("s s l! l! i", F_WRLCK, 0, 0, 0, 0);
fcntl($lock, F_SETLK, $range) or die;
$| = 1; print "locked\\n"; <STDIN>;`;
