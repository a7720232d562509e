import { parseAgentConfig } from "../store/agent_config.ts";
import type { Files } from "./files.ts";
import { freeBytes } from "./free_bytes.ts";
import { LocalFirewalls } from "./firewall/local_firewalls.ts";
import { NftablesProvider } from "./firewall/nftables.ts";
import type { HostProviders } from "./host_providers.ts";
import { LinuxHostname } from "./hostname/linux_hostname.ts";
import { LocalDownloads } from "./local_downloads.ts";
import { LocalManagementLink, MANAGEMENT_PORTS } from "./management_link.ts";
import { LinuxMountTable } from "./mounts/linux_mount_table.ts";
import { ProcTable } from "./process_table/proc_table.ts";
import type { Processes } from "./processes.ts";
import type { ProviderChoice } from "./provider_choice.ts";
import type { Services } from "./services/service_manager.ts";
import { ProcSysctl } from "./sysctl/proc_sysctl.ts";

const MAX_CONFIG_BYTES = 64 * 1024;

/** What the providers stand on, and where. */
export interface HostParts {
  readonly files: Files;
  readonly processes: Processes;
  readonly services: Services;
  readonly self: { readonly uid: number; readonly gid: number };
  /** `/var/lib/vigo` under the root. */
  readonly stateFolder: string;
  /** The agent's own settings, which name the server's ports. */
  readonly agentConfig: string;
}

/** What this machine has for each kind of resource; a new system is a file beside its interface and a line here. */
export async function openHostProviders(parts: HostParts): Promise<HostProviders> {
  const { files, processes, services, self, stateFolder } = parts;
  const ports = await readManagementPorts(parts);
  const nftables = new NftablesProvider(
    files,
    processes,
    services,
    {
      script: "/etc/vigo-firewall.nft",
      unit: "/etc/systemd/system/vigo-firewall.service",
      state: `${stateFolder}/firewall.json`,
    },
    ports,
    self,
  );
  return {
    zoneinfo: onLinux("timezone", () => "/usr/share/zoneinfo"),
    hostname: onLinux("hostname", () => new LinuxHostname(processes)),
    kernelParameters: onLinux("sysctl", () => new ProcSysctl()),
    mounts: onLinux("mount", () => new LinuxMountTable(processes)),
    processTable: onLinux("process", () => new ProcTable()),
    firewalls: new LocalFirewalls(files, nftables),
    managementLink: new LocalManagementLink(ports),
    downloads: new LocalDownloads(),
    freeBytes,
    archiveFolder: `${stateFolder}/archives`,
  };
}

function onLinux<Provider>(what: string, make: () => Provider): ProviderChoice<Provider> {
  const { os } = Deno.build;
  return os === "linux"
    ? { ok: true, provider: make() }
    : { ok: false, reason: `no ${what} provider for ${os}` };
}

/** The usual ports, and those that this agent was given; a damaged configuration is for the daemon to complain about. */
async function readManagementPorts({ files, agentConfig }: HostParts): Promise<readonly number[]> {
  try {
    if (await files.inspect(agentConfig) === undefined) return MANAGEMENT_PORTS;
    const text = new TextDecoder().decode(await files.read(agentConfig, MAX_CONFIG_BYTES));
    const { server, rest } = parseAgentConfig(text, agentConfig);
    const own = [server.replace(/^.*:/s, ""), new URL(rest).port || "443"].map(Number);
    return [...new Set([...MANAGEMENT_PORTS, ...own])];
  } catch {
    return MANAGEMENT_PORTS;
  }
}
