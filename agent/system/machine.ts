import type { Accounts } from "./accounts.ts";
import type { Files } from "./files.ts";
import type { HostProviders } from "./host_providers.ts";
import type { Packages } from "./packages/package_provider.ts";
import type { Processes } from "./processes.ts";
import type { Services } from "./services/service_manager.ts";

/** Everything of a machine that resources read and change, each part behind a narrow interface. */
export interface Machine {
  readonly files: Files;
  readonly processes: Processes;
  readonly accounts: Accounts;
  readonly packages: Packages;
  readonly services: Services;
  readonly host: HostProviders;
  /** Who the agent runs as; what it makes belongs to it unless an owner is given. */
  readonly self: { readonly uid: number; readonly gid: number };
  /** Folder of the files that say what each user may do on the swarm. */
  readonly policyFolder: string;
  /** Where the system's own configuration is: `/etc`, or that below a root with users of its own. */
  readonly etcFolder: string;
  /** Where the operator keeps the executables of `custom` resources. */
  readonly executorsFolder: string;
}
