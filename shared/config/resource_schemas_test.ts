import assert from "node:assert/strict";
import fc from "fast-check";
import { NATURAL_KEY, PARAMETER_NAMES, RESOURCE_SCHEMAS } from "./resource_schemas.ts";

interface Sample {
  readonly type: string;
  readonly params: Readonly<Record<string, unknown>>;
}

const VALID: readonly Sample[] = [
  { type: "file", params: { path: "/etc/motd", content: "hello\n", mode: "0600", owner: 0 } },
  { type: "file", params: { path: "/etc/sudoers.d/x", content: "", validate: "visudo -cf %" } },
  { type: "file", params: { path: "/etc/motd", source: "templates/motd" } },
  { type: "file", params: { path: "/etc/motd", ensure: "absent" } },
  { type: "directory", params: { path: "/srv/www", owner: "www-data", parents: true } },
  { type: "directory", params: { path: "/srv/www", ensure: "absent", force: true } },
  { type: "symlink", params: { path: "/etc/x", target: "../y" } },
  { type: "exec", params: { command: "true", creates: "/tmp/x", returns: [0, 3] } },
  { type: "exec", params: { command: ["printf", "%s", ""], environment: { LANG: "C" } } },
  { type: "package", params: { name: ["curl", "libstdc++6"], hold: true } },
  { type: "package", params: { name: "nginx", version: "1.24.0-1~deb12u1" } },
  { type: "package", params: { name: "telnet", ensure: "absent" } },
  { type: "service", params: { name: "getty@tty1", state: "running", enabled: true } },
  {
    type: "user",
    params: {
      name: "mara",
      uid: 1500,
      groups: ["adm"],
      password: "correct horse",
      authorized_keys: ['from="10.0.0.0/8" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 mara@desk'],
      poolq: true,
    },
  },
  { type: "user", params: { name: "mara", ensure: "absent" } },
  { type: "file_line", params: { path: "/a", line: "x", match: "^y", multiple: true } },
  { type: "blockinfile", params: { path: "/a", block: "x\ny\n", create: true } },
  { type: "json_file", params: { path: "/a", set: { "/a~1b/0": { c: null } }, remove: ["/d"] } },
  { type: "ini", params: { path: "/a", section: "s", key: "k", value: 1.5, separator: "=" } },
  { type: "ini", params: { path: "/a", section: "s", ensure: "absent" } },
  {
    type: "ssh_authorized_key",
    params: { user: "mara", key: 'command="x y" ssh-rsa AAAAB3NzaC1yc2E= mara@desk' },
  },
  {
    type: "ssh_known_host",
    params: { host: "[10.0.0.1]:22", aliases: ["fe80::1%eth0"], key: "ssh-rsa AAAAB3" },
  },
  { type: "host", params: { name: "db.internal", ip: "fd00::5", aliases: ["db"] } },
  {
    type: "cron",
    params: { name: "b", schedule: "@daily", command: "x", environment: { MAILTO: "" } },
  },
  { type: "group", params: { name: "ops", gid: 2000 } },
  { type: "custom", params: { executor: "dns-record", params: { a: [1, { b: null }] } } },
];

const ILLEGAL: readonly (Sample & { readonly path: string; readonly message: RegExp })[] = [
  {
    type: "file",
    params: { path: "/a", content: "", source: "/b" },
    path: "source",
    message: /cannot be combined with "content"/,
  },
  {
    type: "file",
    params: { path: "/a", ensure: "absent", mode: "0644" },
    path: "",
    message: /"mode" cannot be combined with ensure: absent/,
  },
  { type: "file", params: { path: "/a", mode: 644 }, path: "mode", message: /quoted octal/ },
  { type: "file", params: { path: "/a", mode: "0888" }, path: "mode", message: /quoted octal/ },
  { type: "file", params: { path: "etc/motd" }, path: "path", message: /absolute path/ },
  { type: "file", params: { path: "/etc/../motd" }, path: "path", message: /absolute path/ },
  { type: "file", params: { path: "/etc/motd/" }, path: "path", message: /absolute path/ },
  {
    type: "file",
    params: { path: "/a", source: "templates/../x" },
    path: "source",
    message: /templ/,
  },
  {
    type: "file",
    params: { path: "/a", content: "", validate: "visudo -c" },
    path: "validate",
    message: /expected "%"/,
  },
  {
    type: "file",
    params: { path: "/a", content: "", validate: "visudo -cf '%'" },
    path: "validate",
    message: /outside of quotes/,
  },
  {
    type: "file",
    params: { path: "/a", validate: "visudo -cf %" },
    path: "validate",
    message: /nothing else to validate/,
  },
  {
    type: "file",
    params: { path: "/a", ensure: "gone" },
    path: "ensure",
    message: /present or abs/,
  },
  {
    type: "directory",
    params: { path: "/a", force: true },
    path: "",
    message: /Unrecognized key: "force"/,
  },
  { type: "symlink", params: { path: "/a" }, path: "target", message: /link points to/ },
  { type: "exec", params: { command: [] }, path: "command", message: /\/bin\/sh/ },
  { type: "package", params: { name: "-o=x" }, path: "name", message: /package name/ },
  {
    type: "package",
    params: { name: ["a", "b"], version: "1" },
    path: "version",
    message: /list of packages/,
  },
  {
    type: "package",
    params: { name: "a", ensure: "latest", version: "1" },
    path: "",
    message: /cannot be combined with ensure: latest/,
  },
  { type: "service", params: { name: "nginx" }, path: "state", message: /"state", "enabled"/ },
  { type: "user", params: { name: "Mara" }, path: "name", message: /lower case/ },
  { type: "user", params: { name: "m", password: "a\nb" }, path: "password", message: /one line/ },
  {
    type: "user",
    params: { name: "m", authorized_keys: ["# ssh-ed25519 AAAA"] },
    path: "authorized_keys.0",
    message: /OpenSSH public key/,
  },
];

for (const { type, params } of VALID) {
  Deno.test(`${type} ${JSON.stringify(params)} is valid, and so is what its schema returns`, () => {
    const once: unknown = RESOURCE_SCHEMAS[type]?.parse(params);
    assert.deepEqual(JSON.parse(JSON.stringify(once)), once);
    assert.deepEqual(RESOURCE_SCHEMAS[type]?.parse(once), once);
  });
}

for (const { type, params, path, message } of ILLEGAL) {
  Deno.test(`${type} ${JSON.stringify(params)} is refused with a reason`, () => {
    const issues = RESOURCE_SCHEMAS[type]?.safeParse(params).error?.issues ?? [];
    const found = issues.find((issue) => issue.path.join(".") === path);
    assert.match(found?.message ?? `no issue at ${path}: ${JSON.stringify(issues)}`, message);
  });
}

Deno.test("every type has a natural key among its parameters", () => {
  for (const type of Object.keys(RESOURCE_SCHEMAS)) {
    assert.ok(PARAMETER_NAMES[type]?.includes(NATURAL_KEY[type] ?? "none"), type);
  }
});

Deno.test("no parameter is called like a key that every resource has", () => {
  const keys = ["depends_on", "before", "notify", "subscribes", "when", "foreach"];
  for (const [type, names] of Object.entries(PARAMETER_NAMES)) {
    assert.deepEqual(names.filter((name) => keys.includes(name)), [], type);
  }
});

Deno.test("names of object members are not resource types", () => {
  assert.equal(RESOURCE_SCHEMAS["constructor"], undefined);
});

Deno.test("a schema answers about any JSON at all and never throws", () => {
  const types = fc.constantFrom(...Object.keys(RESOURCE_SCHEMAS));
  fc.assert(fc.property(types, fc.jsonValue(), (type, value) => {
    assert.equal(typeof RESOURCE_SCHEMAS[type]?.safeParse(value).success, "boolean");
  }));
});
