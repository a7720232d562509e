import assert from "node:assert/strict";
import { FakeProcesses } from "../fake_processes.ts";
import type { Entry, Files } from "../files.ts";
import { LocalPackages } from "./local_packages.ts";

const ADA = { name: "ada", uid: 501, gid: 20, comment: "", home: "/Users/ada", shell: "/bin/zsh" };

/** A machine with these files, each with its content and its owner. */
function withFiles(
  files: Readonly<
    Record<string, { readonly text?: string; readonly uid?: number; readonly target?: string }>
  >,
  selfUid = 0,
) {
  const entry = (path: string): Entry | undefined => {
    const found = files[path];
    const attributes = { mode: 0o755, gid: 0, uid: found?.uid ?? 0 };
    if (found?.target !== undefined) {
      return { ...attributes, kind: "symlink", target: found.target };
    }
    return found && { ...attributes, kind: "file", sizeBytes: 1, stamp: "" };
  };
  const reader: Pick<Files, "inspect" | "read"> = {
    inspect: (path) => Promise.resolve(entry(path)),
    read: (path) => Promise.resolve(new TextEncoder().encode(files[path]?.text ?? "")),
  };
  const processes = new FakeProcesses(() => ({}));
  const accounts = {
    findUser: (uid: string | number) => Promise.resolve(uid === ADA.uid ? ADA : undefined),
    groupsOf: () => Promise.resolve([{ name: "admin", gid: 80, members: ["ada"] }]),
  };
  const packages = new LocalPackages(reader, processes, accounts, { uid: selfUid });
  return { packages, processes };
}

const MACHINES: readonly [
  title: string,
  files: Readonly<Record<string, { text?: string }>>,
  expected: string,
][] = [
  ["a Debian", { "/usr/bin/apt-get": {} }, "apt"],
  ["a Fedora, whose yum is dnf", { "/usr/bin/dnf": {}, "/usr/bin/yum": {} }, "dnf"],
  ["an old CentOS", { "/usr/bin/yum": {} }, "yum"],
  ["an Alpine", { "/sbin/apk": {} }, "apk"],
  ["an Arch", { "/usr/bin/pacman": {} }, "pacman"],
  [
    "a SUSE that has dnf as a tool",
    {
      "/usr/bin/dnf": {},
      "/usr/bin/zypper": {},
      "/usr/lib/os-release": { text: 'ID="opensuse-leap"\nID_LIKE="suse opensuse"\n' },
    },
    "zypper",
  ],
  [
    "a Fedora that has apt as a tool",
    {
      "/usr/bin/apt-get": {},
      "/usr/bin/dnf": {},
      "/usr/lib/os-release": { text: "NAME=Fedora\nID=fedora\n" },
    },
    "dnf",
  ],
];

for (const [title, files, expected] of MACHINES) {
  Deno.test(`the package manager of ${title} is ${expected}`, async () => {
    const choice = await withFiles(files).packages.choose(undefined);
    assert.equal(choice.ok ? choice.provider.name : choice.reason, expected);
  });
}

Deno.test("a package manager that is asked for is taken, whatever else is there", async () => {
  const { packages } = withFiles({ "/usr/bin/apt-get": {}, "/usr/bin/dnf": {} });
  const choice = await packages.choose("dnf");
  assert.equal(choice.ok && choice.provider.name, "dnf");
});

Deno.test("a yum that is dnf by another name is handled as dnf, and one that is itself as yum", async () => {
  const nameOf = async (yum: { readonly target?: string }) => {
    const { packages } = withFiles({ "/usr/bin/dnf": {}, "/usr/bin/yum": yum });
    const choice = await packages.choose("yum");
    return choice.ok ? choice.provider.name : choice.reason;
  };
  assert.equal(await nameOf({ target: "dnf-3" }), "dnf");
  assert.equal(await nameOf({ target: "dnf5" }), "dnf");
  assert.equal(await nameOf({}), "yum");
});

Deno.test("where none is found it is said what was looked for", async () => {
  const { packages } = withFiles({});
  const reasonOf = async (wanted?: "pacman") => {
    const choice = await packages.choose(wanted);
    return choice.ok ? "found" : choice.reason;
  };
  assert.equal(
    await reasonOf("pacman"),
    "package manager pacman is not on this machine; looked for /usr/bin/pacman",
  );
  assert.match(await reasonOf(), /has no package manager; looked for \/usr\/bin\/apt-get, .*brew/);
});

Deno.test("brew runs as whoever owns it, with its groups, and never as root", async () => {
  const { packages, processes } = withFiles({
    "/opt/homebrew/bin/brew": { uid: 501 },
    "/opt/homebrew": { uid: 501 },
  });
  const choice = await packages.choose(undefined);
  assert.ok(choice.ok);
  await choice.provider.query(["jq"], { candidates: "none", withHolds: false });
  assert.deepEqual(processes.programs[0]?.as, { uid: 501, gid: 20, groups: [80] });
  assert.equal(processes.programs[0]?.environment?.HOME, "/Users/ada");
  assert.equal(processes.programs[0]?.argv[0], "/opt/homebrew/bin/brew");
});

Deno.test("a brew of root's, or of somebody else than the agent, is not used", async () => {
  const ofRoot = await withFiles({ "/usr/local/bin/brew": {}, "/usr/local/Homebrew": {} })
    .packages.choose(undefined);
  assert.match(ofRoot.ok ? "" : ofRoot.reason, /Homebrew of brew belongs to nobody/);
  const ofAda = await withFiles({
    "/opt/homebrew/bin/brew": { uid: 501 },
    "/opt/homebrew": { uid: 501 },
  }, 502).packages.choose(undefined);
  assert.equal(
    ofAda.ok ? "" : ofAda.reason,
    "brew belongs to ada, and the agent runs as uid 502",
  );
});
