import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type PresentRepository,
  repositorySchema,
} from "../../../shared/config/resources/repository.ts";
import { APK_KEY, PACKAGE_KEY } from "../../../tests/support/package_key.ts";
import { BlockedError } from "../blocked_error.ts";
import { ApkProvider } from "./apk.ts";
import { AptProvider } from "./apt.ts";
import { DnfProvider } from "./dnf.ts";
import type { PackageProvider } from "./package_provider.ts";
import { ScriptedManager } from "./scripted_manager.ts";
import { YumProvider } from "./yum.ts";
import { ZypperProvider } from "./zypper.ts";

type Answers = ConstructorParameters<typeof ScriptedManager>[0];

function open(name: string, answers: Answers = []) {
  const manager = new ScriptedManager(answers);
  const files = { inspect: () => Promise.resolve(undefined), read: () => Promise.reject() };
  const providers: Readonly<Record<string, PackageProvider>> = {
    apt: new AptProvider(manager, "/etc"),
    dnf: new DnfProvider(manager, "/etc"),
    yum: new YumProvider(manager, "/etc"),
    zypper: new ZypperProvider(manager, "/etc"),
    apk: new ApkProvider(manager, files, "/etc"),
  };
  const sources = providers[name]?.sources;
  assert.ok(sources);
  return { manager, sources };
}

function parse(params: Readonly<Record<string, unknown>>): PresentRepository {
  const parsed = repositorySchema.parse({ name: "example", ...params });
  assert.ok(parsed.ensure === "present");
  return parsed;
}

const DEBIAN = {
  uris: "https://packages.example.com/debian",
  suites: "stable",
  components: "main",
};
const EL = { uris: "https://packages.example.com/el9" };
const ALPINE = { uris: "https://packages.example.com/v3.20/main" };

const FILES: readonly [
  manager: string,
  params: Readonly<Record<string, unknown>>,
  files: readonly (readonly [path: string, text: string])[],
][] = [
  ["apt", {
    ...DEBIAN,
    description: "An example",
    uris: ["https://a.example.com/", "https://b.example.com/"],
    components: ["main", "extra"],
    architectures: "amd64",
    types: ["deb", "deb-src"],
    enabled: false,
    key: PACKAGE_KEY,
  }, [
    ["/etc/apt/keyrings/example.asc", PACKAGE_KEY],
    [
      "/etc/apt/sources.list.d/example.sources",
      "# An example\nEnabled: no\nTypes: deb deb-src\n" +
      "URIs: https://a.example.com/ https://b.example.com/\nSuites: stable\n" +
      "Components: main extra\nArchitectures: amd64\n" +
      "Signed-By: /etc/apt/keyrings/example.asc\n",
    ],
  ]],
  ["apt", { uris: "file:/srv/flat", suites: "./", trusted: true }, [[
    "/etc/apt/sources.list.d/example.sources",
    "Types: deb\nURIs: file:/srv/flat\nSuites: ./\nTrusted: yes\n",
  ]]],
  ["dnf", { ...EL, description: "An example", key: PACKAGE_KEY }, [
    ["/etc/pki/rpm-gpg/RPM-GPG-KEY-example", PACKAGE_KEY],
    [
      "/etc/yum.repos.d/example.repo",
      "[example]\nname=An example\nbaseurl=https://packages.example.com/el9\nenabled=1\n" +
      "gpgcheck=1\ngpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-example\n",
    ],
  ]],
  ["yum", { ...EL, trusted: true, enabled: false }, [[
    "/etc/yum.repos.d/example.repo",
    "[example]\nname=example\nbaseurl=https://packages.example.com/el9\nenabled=0\ngpgcheck=0\n",
  ]]],
  ["zypper", { ...EL, key_file: "/usr/share/keys/x.asc" }, [[
    "/etc/zypp/repos.d/example.repo",
    "[example]\nname=example\nbaseurl=https://packages.example.com/el9\nenabled=1\ngpgcheck=1\n" +
    "gpgkey=file:///usr/share/keys/x.asc\nautorefresh=1\n",
  ]]],
  ["apk", { ...ALPINE, tag: "edge", key: APK_KEY, key_name: "ops@example.com-1.rsa.pub" }, [
    ["/etc/apk/keys/ops@example.com-1.rsa.pub", APK_KEY],
    [
      "/etc/apk/repositories.d/example.list",
      "@edge https://packages.example.com/v3.20/main\n",
    ],
  ]],
  ["apk", { ...ALPINE, enabled: false }, [[
    "/etc/apk/repositories.d/example.list",
    "#https://packages.example.com/v3.20/main\n",
  ]]],
];

for (const [manager, params, files] of FILES) {
  Deno.test(`${manager} keeps ${files.map(([path]) => path).join(" and ")}`, () => {
    const { sources } = open(manager);
    const described = sources.describe(parse(params));
    assert.deepEqual(described.ok && described.files.map(({ path, text }) => [path, text]), files);
    const known = sources.paths(parse(params));
    for (const [path] of files) assert.ok(known.includes(path), `${path} is removed with it`);
  });
}

const REFUSED: readonly [manager: string, params: Readonly<Record<string, unknown>>, RegExp][] = [
  ["apt", { uris: "https://packages.example.com/" }, /needs suites/],
  ["apt", { uris: "https://packages.example.com/", suites: "stable" }, /needs components/],
  ["apt", { ...DEBIAN, suites: "./" }, /no components of a flat/],
  ["apt", { ...DEBIAN, tag: "edge" }, /neither tag nor key_name/],
  ["apt", { ...DEBIAN, key: APK_KEY }, /BEGIN PGP PUBLIC KEY/],
  ["dnf", { ...EL, suites: "stable" }, /dnf knows no "suites"/],
  ["yum", { ...EL, tag: "edge" }, /yum knows no "tag"/],
  ["zypper", { uris: ["https://a/", "https://b/"] }, /one address/],
  ["apk", { ...ALPINE, key: PACKAGE_KEY }, /BEGIN PUBLIC KEY/],
  ["apk", { ...ALPINE, key_file: "/a" }, /give the key as "key"/],
  ["apk", { ...ALPINE, trusted: true }, /no way to take packages without a signature/],
  ["apk", { ...ALPINE, suites: "x" }, /part of the address/],
];

for (const [manager, params, reason] of REFUSED) {
  Deno.test(`${manager} refuses ${JSON.stringify(params).slice(0, 100)}`, () => {
    const described = open(manager).sources.describe(parse(params));
    assert.match(described.ok ? "accepted" : described.reason, reason);
  });
}

const REFRESHED: readonly [manager: string, params: Readonly<Record<string, unknown>>, RegExp][] = [
  [
    "apt",
    DEBIAN,
    /^apt-get .*update .*SourceList=\/etc\/apt\/sources.list.d\/example.sources .*List-Cleanup=0/,
  ],
  ["dnf", EL, /^dnf .*--repo=example .*makecache/],
  ["yum", EL, /^yum .*--disablerepo=\* --enablerepo=example .*makecache/],
  ["zypper", EL, /^zypper .*refresh example$/],
  ["apk", ALPINE, /^apk .*update .*--repositories-file \/etc\/apk\/repositories.d\/example.list/],
];

for (const [manager, params, line] of REFRESHED) {
  Deno.test(`${manager} fetches the index of one source, and blocks if it cannot be had`, async () => {
    const { manager: programs, sources } = open(manager);
    await sources.refresh(parse(params));
    assert.match(programs.programs.at(-1)?.argv.join(" ") ?? "", line);
    const broken = open(manager, [[/update|makecache|refresh/, { status: 1, stderr: "gone" }]]);
    await assert.rejects(broken.sources.refresh(parse(params)), BlockedError);
  });
}

Deno.test("managers that only warn of a source are not believed that it is fetched", async () => {
  const apt = { stderr: "W: Failed to fetch https://x/  Could not resolve 'x'\n" };
  await assert.rejects(open("apt", [[/update/, apt]]).sources.refresh(parse(DEBIAN)), BlockedError);
  const apk = {
    stdout: "OK: 2 distinct packages available\n",
    stderr: "WARNING: opening /srv/packages: UNTRUSTED signature\n",
  };
  await assert.rejects(open("apk", [[/update/, apk]]).sources.refresh(parse(ALPINE)), BlockedError);
  const old = { ...apk, stderr: "WARNING: This apk-tools is OLD! Some packages might not work.\n" };
  await open("apk", [[/update/, old]]).sources.refresh(parse(ALPINE));
});

Deno.test("zypper's key is in the database of rpm before the source is asked", async () => {
  const { manager, sources } = open("zypper");
  await sources.refresh(parse({ ...EL, key: PACKAGE_KEY }));
  assert.deepEqual(manager.programs.map(({ argv }) => argv[0]), ["rpm", "zypper"]);
  assert.equal(manager.programs[0]?.argv.at(-1), "/etc/pki/rpm-gpg/RPM-GPG-KEY-example");
});

Deno.test("nothing that the schema lets through adds a line of its own to a source", () => {
  const text = fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 20 });
  const params = fc.record({
    uris: fc.oneof(text.map((tail) => `https://x/${tail}`), text),
    suites: text,
    components: text,
    description: text,
  });
  const { sources } = open("apt");
  fc.assert(fc.property(params, (given) => {
    const parsed = repositorySchema.safeParse({ name: "example", ...given });
    if (!parsed.success || parsed.data.ensure !== "present") return;
    const described = sources.describe(parsed.data);
    if (!described.ok) return;
    for (const line of described.files[0]?.text.trimEnd().split("\n") ?? []) {
      assert.match(line, /^(?:# |Types: deb$|URIs: |Suites: |Components: )/);
    }
  }));
});
