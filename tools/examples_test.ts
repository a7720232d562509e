import assert from "node:assert/strict";
import { join } from "node:path";
import { literalParameters } from "../agent/resources/bind_resource.ts";
import { standardRegistry } from "../agent/resources/registry.ts";
import { checkStacks } from "../server/resolve/check_stacks.ts";
import { compileHost } from "../server/resolve/compile_host.ts";
import { formatProblem } from "../server/stacks/problem_list.ts";
import { readStackFolder } from "../server/stacks/read_stack_folder.ts";
import { checkGuardrails } from "../shared/config/guardrails.ts";
import { type BundleResource, secretPathsOf } from "../shared/config/policy_bundle.ts";

const FOLDER = new URL("../examples/", import.meta.url).pathname;
const RECORDED = new URL("../tests/fixtures/traits/debian_12.json", import.meta.url);
/** Files of an example that are no stacks. */
const OTHER_FILES: ReadonlySet<string> = new Set(["README.md"]);
/** Hosts that the examples name, and one that they do not. */
const HOSTNAMES: Readonly<Record<string, readonly string[]>> = {
  "container-host": ["containers-1"],
  hardening: ["router-1", "web-1"],
  "small-fleet": ["db-1", "mail-1", "web-1"],
  "swarm-firewall": ["edge-1", "web-1"],
  "users-with-keys": ["db-1", "web-1"],
  "web-server": ["web-1"],
};

const names = await listExamples();

Deno.test("nothing but examples and their page stands in the folder, all of which vigocli carries", async () => {
  const others: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(FOLDER)) {
    if (!isDirectory) others.push(name);
  }
  assert.deepEqual(others, ["README.md"]);
});

Deno.test("the page of examples and the tests know every example", async () => {
  const page = await Deno.readTextFile(join(FOLDER, "README.md"));
  const listed = [...page.matchAll(/^\| \[`([a-z-]+)`\]\(\1\)/gm)].map(([, name]) => name);
  assert.deepEqual(listed, names);
  assert.deepEqual(Object.keys(HOSTNAMES), names);
});

for (const name of names) {
  Deno.test(`${name} says what it is in a title and a paragraph, and how to try and change it`, async () => {
    const page = await Deno.readTextFile(join(FOLDER, name, "README.md"));
    assert.match(page, /^# [^\n]{10,72}\n\n\S[^#]{60,500}?\n\n/);
    assert.match(page, /^## Try it$/m);
    assert.match(page, /^## Change$/m);
    assert.match(page, new RegExp(`^vigocli config examples copy ${name}$`, "m"));
    // What a page sends people to is there.
    for (const [, path = ""] of page.matchAll(/`([\w./-]+\.(?:vgo|conf|html))`/g)) {
      assert.ok(await isNamed(join(FOLDER, name), path), `${path} of ${name}`);
    }
  });

  Deno.test(`${name} holds nothing but stacks and its page`, async () => {
    const { files, problems } = await readStackFolder(join(FOLDER, name));
    assert.deepEqual(problems, []);
    const stacks = new Set(files.map(({ path }) => path));
    const others = (await listFiles(join(FOLDER, name))).filter((path) => !stacks.has(path));
    assert.deepEqual(new Set(others), OTHER_FILES);
  });

  for (const hostname of HOSTNAMES[name] ?? []) {
    Deno.test(`${name} compiles for ${hostname}, and agents accept what comes out`, async () => {
      const resources = await compileExample(name, hostname);
      assert.ok(resources.length > 0);
      const registry = standardRegistry();
      for (const { id, type, params, deferred = [] } of resources) {
        if (deferred.length > 0) continue;
        const binding = registry.bind(type, literalParameters(params));
        assert.ok(binding.ok, binding.ok ? "" : `${id}: ${binding.reason}`);
      }
      for (const resource of resources) {
        const verdict = checkGuardrails(resource);
        assert.ok(verdict.ok, verdict.ok ? "" : verdict.reason);
      }
    });
  }
}

Deno.test("machines get the parameters of the kernel and a clock of their own, containers do not", async () => {
  const machine = ids(await compileExample("hardening", "web-1"));
  const container = ids(await compileExample("hardening", "web-1", { isContainer: true }));
  for (const id of ["sysctl:kernel.kptr_restrict", "service:chrony", "service:restart chrony"]) {
    assert.ok(machine.includes(id), id);
    assert.ok(!container.includes(id), id);
  }
  assert.ok(container.includes("sysctl:net.ipv4.conf.all.rp_filter"));
});

Deno.test("routers follow packets by any way that leads back, and others by the one alone", async () => {
  const filterOf = async (hostname: string) =>
    (await compileExample("hardening", hostname))
      .find(({ id }) => id === "sysctl:net.ipv4.conf.all.rp_filter")?.params.value;
  assert.deepEqual([await filterOf("router-1"), await filterOf("web-1")], [2, 1]);
});

Deno.test("the swarm's firewall opens TCP and UDP 1531 everywhere, and closes the rest on edges only", async () => {
  for (const hostname of ["web-1", "edge-1"]) {
    const rules = (await compileExample("swarm-firewall", hostname))
      .filter(({ type }) => type === "firewall");
    for (const proto of ["tcp", "udp"]) {
      const rule = rules.find(({ params }) =>
        params.proto === proto && String(params.port) === "1531"
      );
      assert.equal(rule?.params.action, "accept", proto);
    }
    const defaults = rules.filter(({ params }) => params.ensure === "default");
    assert.equal(defaults.length, hostname === "edge-1" ? 1 : 0);
    assert.deepEqual(rules.filter(({ params }) => params.action !== "accept"), defaults);
    for (const { dependsOn } of defaults) {
      const opened = rules.filter((rule) => !defaults.includes(rule));
      for (const { id } of opened) assert.ok(dependsOn.includes(id), `the default waits for ${id}`);
    }
  }
});

Deno.test("no example holds a password, and the one that needs it names a secret", async () => {
  for (const name of names) {
    for (const hostname of HOSTNAMES[name] ?? []) {
      const resources = await compileExample(name, hostname);
      assert.deepEqual(resources.filter(({ params }) => params.password !== undefined), []);
      const paths = secretPathsOf(resources);
      assert.deepEqual([...paths], name === "users-with-keys" ? ["accounts/console"] : []);
    }
  }
});

Deno.test("operators of sensitive hosts may run one command, and people have accounts where they are named", async () => {
  const sudoers = async (hostname: string) =>
    (await compileExample("users-with-keys", hostname))
      .find(({ id }) => id === "file:/etc/sudoers.d/operators")?.params.content;
  assert.equal(await sudoers("web-1"), "%operators ALL=(root) NOPASSWD: ALL\n");
  assert.match(
    String(await sudoers("db-1")),
    /NOPASSWD: \/usr\/bin\/systemctl restart postgresql\n/,
  );
  const users = (resources: readonly BundleResource[]) =>
    ids(resources).filter((id) => id.startsWith("user:"));
  assert.deepEqual(users(await compileExample("users-with-keys", "db-1")), [
    "user:console",
    "user:erik",
    "user:mara",
  ]);
});

async function compileExample(
  name: string,
  hostname: string,
  { isContainer = false }: { readonly isContainer?: boolean } = {},
): Promise<readonly BundleResource[]> {
  const { files, problems } = await readStackFolder(join(FOLDER, name));
  const checked = checkStacks(files);
  assert.deepEqual([...problems, ...checked.ok ? [] : checked.problems].map(formatProblem), []);
  assert.ok(checked.ok);
  const { stable, volatile: [changing] } = JSON.parse(await Deno.readTextFile(RECORDED));
  const traits = { ...stable, ...changing, container: { inside: isContainer } };
  const compiled = compileHost(checked.tree, { hostname, traits });
  assert.deepEqual(compiled.ok ? [] : compiled.problems.map(formatProblem), []);
  assert.ok(compiled.ok);
  return compiled.resources;
}

function ids(resources: readonly BundleResource[]): readonly string[] {
  return resources.map(({ id }) => id);
}

async function listExamples(): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(FOLDER)) if (isDirectory) found.push(name);
  return found.toSorted();
}

/** Every file below a folder, as paths relative to it. */
async function listFiles(folder: string, below = ""): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(folder, below))) {
    const path = join(below, name);
    if (isDirectory) found.push(...await listFiles(folder, path));
    else found.push(path);
  }
  return found;
}

/** Whether a path that a page names is one of the example, or the end of one. */
async function isNamed(folder: string, path: string): Promise<boolean> {
  return (await listFiles(folder)).some((file) => `/${file}`.endsWith(`/${path}`));
}
