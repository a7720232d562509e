import type { RootPaths } from "../../shared/platform/root_paths.ts";
import type { InterfaceAddress, MemoryFacts, TraitSystem } from "./collector.ts";
import { parseMeminfo } from "./memory.ts";

/** Largest file that a collector reads, in bytes: `/proc` has no such files, a bad link may lead to one. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** The machine that this process runs on; accounts come from under `paths.root` when that has its own. */
export function nativeSystem(paths: RootPaths): TraitSystem {
  const platform = Deno.build.os === "darwin" ? "darwin" : "linux";
  return {
    platform,
    readText,
    list,
    run,
    readAccounts: async (file) => {
      const rooted = await readText(paths.at(`/etc/${file}`));
      // Under a root that has no accounts of its own they are those of the machine.
      return rooted ?? (platform === "darwin" ? undefined : await readText(`/etc/${file}`));
    },
    hostname: () => Deno.hostname(),
    networkInterfaces,
    cpuCount: () => navigator.hardwareConcurrency,
    architecture: () => Deno.build.arch,
    kernelRelease: () => Deno.osRelease(),
    memory: readMemory,
    loadAverage: () => Deno.loadavg(),
    uptimeSeconds: () => Deno.osUptime(),
  };
}

async function readText(path: string): Promise<string | undefined> {
  try {
    using file = await Deno.open(path);
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    for await (const chunk of file.readable) {
      sizeBytes += chunk.length;
      if (sizeBytes > MAX_FILE_BYTES) {
        throw new Error(`Cannot read ${path}: it is larger than ${MAX_FILE_BYTES} bytes`);
      }
      chunks.push(chunk);
    }
    return await new Blob(chunks.map((chunk) => new Uint8Array(chunk))).text();
  } catch (error) {
    if (isNotThere(error)) return undefined;
    throw error;
  }
}

async function list(path: string): Promise<readonly string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name);
  } catch (error) {
    if (isNotThere(error)) return [];
    throw error;
  }
}

async function run(command: readonly string[], signal: AbortSignal): Promise<string | undefined> {
  const [program = "", ...args] = command;
  try {
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args,
      env: { LC_ALL: "C" },
      stdin: "null",
      signal,
    }).output();
    const decoder = new TextDecoder();
    if (code !== 0) {
      throw new Error(
        `${program} ended with status ${code}: ${decoder.decode(stderr).trim().slice(0, 200)}`,
      );
    }
    return decoder.decode(stdout);
  } catch (error) {
    if (isNotThere(error)) return undefined;
    throw error;
  }
}

function networkInterfaces(): readonly InterfaceAddress[] {
  return Deno.networkInterfaces().map(({ name, family, address, netmask, mac }) => ({
    name,
    family,
    address,
    netmask,
    mac,
  }));
}

async function readMemory(): Promise<MemoryFacts> {
  const parsed = Deno.build.os === "linux"
    ? parseMeminfo(await readText("/proc/meminfo") ?? "")
    : undefined;
  if (parsed) return parsed;
  const { total, available, swapTotal, swapFree } = Deno.systemMemoryInfo();
  return { total, available, swapTotal, swapFree };
}

function isNotThere(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
    // A link in /sys may lead to a device that answers ENODEV or ENXIO.
    (error instanceof Error && "code" in error &&
      ["ENODEV", "ENXIO", "ENOTDIR"].includes(String(error.code)));
}
