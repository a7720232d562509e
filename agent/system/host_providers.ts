import type { Downloads } from "./downloads.ts";
import type { Firewalls } from "./firewall/firewall_provider.ts";
import type { KernelHostname } from "./hostname/kernel_hostname.ts";
import type { ManagementLink } from "./management_link.ts";
import type { MountTable } from "./mounts/mount_table.ts";
import type { ProcessTable } from "./process_table/process_table.ts";
import type { ProviderChoice } from "./provider_choice.ts";
import type { KernelParameters } from "./sysctl/kernel_parameters.ts";

/** What a machine is beside its files, accounts, packages and services. */
export interface HostProviders {
  /** Folder of the tz database; `/etc/localtime` is a link into it. */
  readonly zoneinfo: ProviderChoice<string>;
  readonly hostname: ProviderChoice<KernelHostname>;
  readonly kernelParameters: ProviderChoice<KernelParameters>;
  readonly mounts: ProviderChoice<MountTable>;
  readonly processTable: ProviderChoice<ProcessTable>;
  readonly firewalls: Firewalls;
  readonly managementLink: ManagementLink;
  readonly downloads: Downloads;
  /** Room for the agent's user in the file system that holds `path`, or the nearest folder above it that exists. */
  readonly freeBytes: (path: string) => Promise<number>;
  /** What is known of unpacked archives, and those that are being unpacked; root alone may read it. */
  readonly archiveFolder: string;
}
