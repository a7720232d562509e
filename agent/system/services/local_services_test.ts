import assert from "node:assert/strict";
import { FakeProcesses } from "../fake_processes.ts";
import { LocalFiles } from "../local_files.ts";
import { LocalServices } from "./local_services.ts";

/** A machine on which these paths exist. */
function withPaths(...paths: readonly string[]): LocalServices {
  class PlannedFiles extends LocalFiles {
    override inspect(path: string): ReturnType<LocalFiles["inspect"]> {
      const folder = { kind: "directory", mode: 0o755, uid: 0, gid: 0 } as const;
      return Promise.resolve(paths.includes(path) ? folder : undefined);
    }
  }
  return new LocalServices(new PlannedFiles(), new FakeProcesses(() => ({})), { uid: 0, gid: 0 });
}

const MACHINES: readonly [expected: string, ...paths: readonly string[]][] = [
  ["systemd", "/run/systemd/system", "/etc/runit/runsvdir/current"],
  ["openrc", "/run/openrc/softlevel"],
  ["runit", "/run/runit"],
  ["launchd", "/sbin/launchd"],
];

for (const [expected, ...paths] of MACHINES) {
  Deno.test(`a machine with ${paths.join(" and ")} is run by ${expected}`, async () => {
    const choice = await withPaths(...paths).choose(undefined);
    assert.equal(choice.ok ? choice.manager.name : choice.reason, expected);
  });
}

Deno.test("where none is found it is said what was looked for", async () => {
  const services = withPaths("/run/systemd/system");
  const forced = await services.choose("launchd");
  assert.equal(
    forced.ok ? "" : forced.reason,
    "launchd does not run this machine; looked for /sbin/launchd",
  );
  const none = await withPaths().choose(undefined);
  assert.match(
    none.ok ? "" : none.reason,
    /^no service manager runs this machine; looked for \/run\/sy/,
  );
});
