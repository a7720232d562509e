import assert from "node:assert/strict";
import fc from "fast-check";
import { FakeProcesses } from "../fake_processes.ts";
import { OpenRcManager, parseRunlevels } from "./openrc.ts";

/** What rc-update of OpenRC 0.45 printed. */
const RUNLEVELS = `\
              cgroups |                                              sysinit
                 dbus |      default                                        
            savecache |                        off                          
                 sshd | boot default                                        
               nginx2 |      default                                        
                nginx |                                                     
`;

/** A machine with OpenRC on which a service prints this when asked for its status. */
function withService(status: { readonly status: number; readonly stdout: string }) {
  const processes = new FakeProcesses(({ argv }) =>
    argv.includes("show")
      ? { stdout: RUNLEVELS }
      : argv.includes("--exists")
      ? { status: argv.includes("ghost") ? 1 : 0 }
      : argv.includes("status")
      ? status
      : {}
  );
  const changes = () =>
    processes.programs.map(({ argv }) => argv.join(" ")).filter((line) =>
      !/show|--exists|status/.test(line)
    );
  return { manager: new OpenRcManager(processes), changes };
}

const STATES: readonly [status: number, stdout: string, running: boolean][] = [
  [0, " * status: started\n", true],
  [3, " * status: stopped\n", false],
  [32, " * status: crashed\n", false],
  [8, " * status: starting\n", true],
  [16, " * status: inactive\n", true],
  [0, "nginx is running (pid 4711)\n", true],
  [1, "nginx is not running\n", false],
];

for (const [status, stdout, running] of STATES) {
  Deno.test(`"${stdout.trim()}" with status ${status} is running: ${running}`, async () => {
    const found = await withService({ status, stdout }).manager.inspect("nginx");
    assert.equal(found.known && found.running, running);
  });
}

Deno.test("a service is enabled if it is in a runlevel", async () => {
  const { manager } = withService({ status: 0, stdout: " * status: started\n" });
  const enabled = async (service: string) => {
    const found = await manager.inspect(service);
    return found.known && found.enabled;
  };
  assert.deepEqual(
    [await enabled("sshd"), await enabled("nginx"), await enabled("absent")],
    [true, false, false],
  );
  assert.deepEqual(await manager.inspect("ghost"), { known: false });
});

Deno.test("a service is taken out of the runlevels it is in, and of no other", async () => {
  const { manager, changes } = withService({ status: 0, stdout: "" });
  await manager.act("sshd", "disable");
  await manager.act("nginx", "disable");
  await manager.act("nginx", "enable");
  await manager.act("nginx", "reload");
  assert.deepEqual(changes(), [
    "rc-update del sshd boot default",
    "rc-update add nginx default",
    "rc-service nginx reload",
  ]);
});

Deno.test("no output of rc-update makes the parser throw", () => {
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
    assert.ok(parseRunlevels(text) instanceof Map);
  }));
});
