import type { Collector, TraitSystem } from "./collector.ts";
import { readDmi } from "./dmi.ts";
import { readMemory } from "./memory.ts";
import { present } from "./present.ts";
import { readNumber, readOptional } from "./read_optional.ts";
import { readSysctl, readSysctlNumber } from "./sysctl.ts";

/** Processor and machine: model, counts, vendor, product, and whether it is virtual. */
export const hardware: Collector = { name: "hardware", kind: "stable", collect };

/** Hypervisors by what their firmware calls itself. */
const HYPERVISORS: readonly (readonly [RegExp, string])[] = [
  [/VMware/i, "vmware"],
  [/VirtualBox|innotek/i, "virtualbox"],
  [/Parallels/i, "parallels"],
  [/Microsoft.*Virtual Machine/i, "hyperv"],
  [/Xen/i, "xen"],
  [/Bochs/i, "bochs"],
  [/QEMU|KVM|Amazon EC2|Google Compute|OpenStack|DigitalOcean|Hetzner/i, "kvm"],
];

async function collect(system: TraitSystem, signal: AbortSignal) {
  const facts = system.platform === "darwin"
    ? await readDarwin(system, signal)
    : await readLinux(system, signal);
  const { totalBytes } = await readMemory(system, signal);
  return present({
    ...facts,
    cpu_count: system.cpuCount(),
    memory_mb: Math.round(totalBytes / 2 ** 20),
  });
}

async function readLinux(system: TraitSystem, signal: AbortSignal) {
  const cpuinfo = await system.readText("/proc/cpuinfo") ?? "";
  const field = (name: string) =>
    cpuinfo.match(new RegExp(`^${name}[ \\t]*:[ \\t]*(.+)$`, "m"))?.[1]?.trim();
  const { sys_vendor: vendor = "", product_name: product = "" } = await readDmi(system, signal);
  const firmware = `${vendor} ${product}`;
  const hypervisor = await readOptional(system, "/sys/hypervisor/type") ??
    HYPERVISORS.find(([pattern]) => pattern.test(firmware))?.[1];
  return {
    cpu_model: field("model name") ?? field("Model") ?? field("Hardware") ?? "",
    cpu_vendor: field("vendor_id"),
    ...await readTopology(system),
    vendor,
    product,
    // The hypervisor flag is x86's; other architectures tell by their firmware's name.
    virtual: hypervisor !== undefined || /^flags\s*:.*\bhypervisor\b/m.test(cpuinfo),
    hypervisor,
  };
}

/** Sockets and cores behind the processors that are on line; nothing where the kernel does not tell. */
async function readTopology(system: TraitSystem) {
  const folder = "/sys/devices/system/cpu";
  const names = (await system.list(folder)).filter((name) => /^cpu\d+$/.test(name));
  const places = await Promise.all(names.map(async (name) => {
    const topology = `${folder}/${name}/topology`;
    return {
      socket: await readNumber(system, `${topology}/physical_package_id`),
      core: await readNumber(system, `${topology}/core_id`),
    };
  }));
  const known = places.filter(({ socket, core }) => socket !== undefined && core !== undefined);
  if (known.length === 0) return {};
  const cores = new Set(known.map(({ socket, core }) => `${socket}/${core}`)).size;
  return {
    cpu_sockets: new Set(known.map(({ socket }) => socket)).size,
    cpu_cores: cores,
    cpu_threads_per_core: Math.round(known.length / cores),
  };
}

async function readDarwin(system: TraitSystem, signal: AbortSignal) {
  const text = (name: string) => readSysctl(system, name, signal);
  const number = (name: string) => readSysctlNumber(system, name, signal);
  const cores = await number("hw.physicalcpu"), threads = await number("hw.logicalcpu");
  const virtual = await text("kern.hv_vmm_present") === "1";
  return {
    cpu_model: await text("machdep.cpu.brand_string") ?? "",
    cpu_vendor: await text("machdep.cpu.vendor"),
    cpu_sockets: await number("hw.packages"),
    cpu_cores: cores,
    cpu_threads_per_core: cores && threads ? Math.round(threads / cores) : undefined,
    vendor: "Apple Inc.",
    product: await text("hw.model") ?? "",
    virtual,
  };
}
