import assert from "node:assert/strict";
import { fakeSystem } from "./fake_system.ts";
import { packages } from "./packages.ts";

const { signal } = new AbortController();
const collect = (system = fakeSystem()) => packages.collect(system, signal);

const PACKAGE_SOURCES = [
  {
    manager: "apt",
    folders: { "/var/lib/dpkg": ["status"] },
    program: "dpkg-query -W -f ${db:Status-Abbrev}\t${Package}\t${Version}\t${Architecture}\n",
    output: "ii \tbash\t5.2-1\tamd64\nrc \tgone\t1\tamd64\nhi \theld\t2\tall\n" +
      "ii \tdpkg\t1.21\tamd64\nii \tlibc6\t2.36\tamd64\nii \tlibc6\t2.36\ti386\n",
    installed: {
      bash: "5.2-1",
      dpkg: "1.21",
      held: "2",
      libc6: "2.36",
      "libc6:i386": "2.36",
    },
  },
  {
    manager: "rpm",
    folders: { "/var/lib/rpm": ["rpmdb.sqlite"] },
    program: "rpm -qa --qf %{NAME}\t%{VERSION}-%{RELEASE}\n",
    output: "kernel\t5.14-2\nbash\t5.1-6.el9\nkernel\t5.14-1\n",
    installed: { bash: "5.1-6.el9", kernel: "5.14-1, 5.14-2" },
  },
  {
    manager: "apk",
    folders: { "/lib/apk/db": ["installed"] },
    program: "apk info -v",
    output: "alpine-baselayout-3.4.3-r2\nmusl-1.2.4-r2\n",
    installed: { "alpine-baselayout": "3.4.3-r2", musl: "1.2.4-r2" },
  },
  {
    manager: "pacman",
    folders: { "/var/lib/pacman/local": ["bash-5"] },
    program: "pacman -Q",
    output: "bash 5.2.026-2\n",
    installed: { bash: "5.2.026-2" },
  },
] as const;

for (const { manager, folders, program, output, installed } of PACKAGE_SOURCES) {
  Deno.test(`packages of ${manager} are listed with their versions`, async () => {
    const system = fakeSystem({ folders, programs: { [program]: output } });
    assert.deepEqual(await collect(system), {
      manager,
      count: Object.keys(installed).length,
      installed,
    });
  });
}

Deno.test("packages of brew are the folders of its cellar", async () => {
  const system = fakeSystem({
    platform: "darwin",
    folders: {
      "/opt/homebrew/Cellar": [".keepme", "git", "node"],
      "/opt/homebrew/Cellar/git": ["2.45.1"],
      "/opt/homebrew/Cellar/node": ["22.1", "20.0"],
    },
  });
  assert.deepEqual(await collect(system), {
    manager: "brew",
    count: 2,
    installed: { git: "2.45.1", node: "20.0, 22.1" },
  });
});

Deno.test("packages that nothing can list are a failure and never none", async () => {
  const system = fakeSystem({ folders: { "/var/lib/dpkg": ["status"] } });
  await assert.rejects(collect(system), /no dpkg-query to list them/);
  assert.deepEqual(await collect(), { manager: "", count: 0, installed: {} });
});
