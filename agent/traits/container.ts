import type { Collector, TraitSystem } from "./collector.ts";
import { present } from "./present.ts";
import { readIfAllowed, readOptional } from "./read_optional.ts";

/** Whether this machine is a container, which program runs it, and whether Kubernetes does. */
export const container: Collector = {
  name: "container",
  kind: "stable",
  async collect(system) {
    if (system.platform === "darwin") return { inside: false };
    const cgroups = await readIfAllowed(system, "/proc/1/cgroup") ?? "";
    const isInPod = /kubepods/.test(cgroups) ||
      await readIfAllowed(system, KUBERNETES_SIGN) !== undefined;
    const runtime = await findRuntime(system, cgroups);
    return present({
      inside: runtime !== undefined || isInPod,
      runtime,
      orchestrator: isInPod ? "kubernetes" : undefined,
    });
  },
};

const KUBERNETES_SIGN = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/** Files that only a runtime leaves in a container, whatever they hold. */
const SIGNS: readonly (readonly [path: string, runtime: string])[] = [
  ["/.dockerenv", "docker"],
  ["/run/.containerenv", "podman"],
];

/** Names of control groups of process 1, where the container sees those of its host. */
const CGROUPS: readonly (readonly [RegExp, string])[] = [
  [/libpod/, "podman"],
  [/docker/, "docker"],
  [/\/lxc(?:\.payload)?[./]/, "lxc"],
  [/machine\.slice\/.*nspawn|\.nspawn/, "systemd-nspawn"],
  [/cri-containerd|containerd/, "containerd"],
  [/crio/, "cri-o"],
];

async function findRuntime(system: TraitSystem, cgroups: string): Promise<string | undefined> {
  if (/microsoft/i.test(system.kernelRelease())) return "wsl";
  // What its manager says comes first: a file may have come with an image.
  const told = await readOptional(system, "/run/host/container-manager") ??
    await readOptional(system, "/run/systemd/container") ??
    parseContainerVariable(await readIfAllowed(system, "/proc/1/environ") ?? "");
  if (told !== undefined) return nameRuntime(told);
  for (const [path, runtime] of SIGNS) {
    if (await readIfAllowed(system, path) !== undefined) return runtime;
  }
  if ((await system.list("/proc/vz")).length > 0 && (await system.list("/proc/bc")).length === 0) {
    return "openvz";
  }
  return CGROUPS.find(([pattern]) => pattern.test(cgroups))?.[1];
}

/** `container=` among the variables of process 1, by which managers tell who they are (systemd's container interface). */
export function parseContainerVariable(environ: string): string | undefined {
  const variable = environ.split("\0").find((entry) => entry.startsWith("container="));
  return variable?.slice("container=".length) || undefined;
}

function nameRuntime(told: string): string {
  // `oci` says no more than the sort of image it came from.
  return /^[a-z0-9][a-z0-9_.-]{0,31}$/.test(told) ? told : "other";
}
