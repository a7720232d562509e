import assert from "node:assert/strict";
import fc from "fast-check";
import { container, parseContainerVariable } from "./container.ts";
import { fakeSystem } from "./fake_system.ts";

const { signal } = new AbortController();
const collect = (recorded: Parameters<typeof fakeSystem>[0]) =>
  container.collect(fakeSystem(recorded), signal);

const CASES: readonly (readonly [string, Parameters<typeof fakeSystem>[0], unknown])[] = [
  ["a plain machine", { files: { "/proc/1/cgroup": "0::/init.scope\n" } }, { inside: false }],
  ["Docker", { files: { "/.dockerenv": "" } }, { inside: true, runtime: "docker" }],
  [
    "Podman, which says so itself",
    { files: { "/run/.containerenv": "", "/proc/1/environ": "A=1\0container=podman\0" } },
    { inside: true, runtime: "podman" },
  ],
  [
    "LXC with systemd, for users too",
    { files: { "/run/systemd/container": "lxc\n" } },
    { inside: true, runtime: "lxc" },
  ],
  [
    "systemd-nspawn",
    { files: { "/run/host/container-manager": "systemd-nspawn\n", "/.dockerenv": "" } },
    { inside: true, runtime: "systemd-nspawn" },
  ],
  [
    "an old LXC, by its control group",
    { files: { "/proc/1/cgroup": "1:name=systemd:/lxc/web\n" } },
    { inside: true, runtime: "lxc" },
  ],
  [
    "a pod of Kubernetes",
    {
      files: {
        "/proc/1/cgroup": "0::/kubepods.slice/x/cri-containerd-0f.scope\n",
        "/var/run/secrets/kubernetes.io/serviceaccount/namespace": "default",
      },
    },
    { inside: true, runtime: "containerd", orchestrator: "kubernetes" },
  ],
  [
    "OpenVZ",
    { folders: { "/proc/vz": ["veinfo"] } },
    { inside: true, runtime: "openvz" },
  ],
  [
    "WSL",
    { kernelRelease: () => "5.15.90.1-microsoft-standard-WSL2" },
    { inside: true, runtime: "wsl" },
  ],
  [
    "a manager with a name that is none",
    { files: { "/run/systemd/container": "\u001b[2J\n" } },
    { inside: true, runtime: "other" },
  ],
];

for (const [what, recorded, expected] of CASES) {
  Deno.test(`container sees ${what}`, async () => {
    assert.deepEqual(await collect(recorded), expected);
  });
}

Deno.test("an environment that this user may not read is no sign", async () => {
  const denied = new Deno.errors.PermissionDenied("os error 13");
  assert.deepEqual(await collect({ files: { "/proc/1/environ": denied } }), { inside: false });
});

Deno.test("the container variable is found in any environment", () => {
  fc.assert(fc.property(fc.array(fc.string()), (entries) => {
    const clean = entries.map((entry) => entry.replaceAll("\0", ""))
      .filter((entry) => !entry.startsWith("container="));
    assert.equal(parseContainerVariable([...clean, "container=lxc", ""].join("\0")), "lxc");
    assert.equal(parseContainerVariable(clean.join("\0")), undefined);
  }));
});
