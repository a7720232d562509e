import type { Collector, TraitSystem } from "./collector.ts";

/** Processor and machine: model, counts, vendor, product, and whether it is virtual. */
export const hardware: Collector = { name: "hardware", kind: "stable", collect };

async function collect(system: TraitSystem, signal: AbortSignal) {
  const facts = system.platform === "darwin"
    ? await readDarwin(system, signal)
    : await readLinux(system);
  const { total } = await system.memory();
  return {
    cpu_model: facts.cpuModel,
    cpu_count: system.cpuCount(),
    memory_mb: Math.round(total / 2 ** 20),
    vendor: facts.vendor,
    product: facts.product,
    virtual: facts.virtual,
  };
}

async function readLinux(system: TraitSystem) {
  const cpuinfo = await system.readText("/proc/cpuinfo") ?? "";
  const field = (name: string) =>
    cpuinfo.match(new RegExp(`^${name}[ \\t]*:[ \\t]*(.+)$`, "m"))?.[1]?.trim();
  const dmi = async (name: string) =>
    (await system.readText(`/sys/class/dmi/id/${name}`))?.trim() ?? "";
  const vendor = await dmi("sys_vendor");
  const product = await dmi("product_name");
  return {
    cpuModel: field("model name") ?? field("Model") ?? field("Hardware") ?? "",
    vendor,
    product,
    // The hypervisor flag is x86's; other architectures tell by their firmware's name.
    virtual: /^flags\s*:.*\bhypervisor\b/m.test(cpuinfo) ||
      /QEMU|KVM|VMware|VirtualBox|Xen|Bochs|Amazon EC2|Google Compute/i.test(
        `${vendor} ${product}`,
      ),
  };
}

async function readDarwin(system: TraitSystem, signal: AbortSignal) {
  const sysctl = async (name: string) =>
    (await system.run(["/usr/sbin/sysctl", "-n", name], signal))?.trim() ?? "";
  return {
    cpuModel: await sysctl("machdep.cpu.brand_string"),
    vendor: "Apple Inc.",
    product: await sysctl("hw.model"),
    virtual: await sysctl("kern.hv_vmm_present") === "1",
  };
}
