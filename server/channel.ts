import type { ServerConfig } from "./config/server_config_schema.ts";
import type { PostgresSettings } from "./store/postgres/postgres_settings.ts";

/** Where everything of the server lies, absolute. */
export interface ServerFolders {
  /** `/srv/vigo`, in which all but the last lie. */
  readonly base: string;
  /** Edited by operators, read by the server. */
  readonly stacks: string;
  /** Published versions, and the file that names the one in force; written by the server alone. */
  readonly versions: string;
  readonly live: string;
  readonly db: string;
  readonly secrets: string;
  readonly tls: string;
  /** Executables for agents. */
  readonly dist: string;
  /** `swarm/seed/` of the agent on this host, if any: where filecasts are handed over. */
  readonly seed: string;
  /** `swarm/.blobs/` of that agent: what the server hands to envoys that reach no peer. Read only. */
  readonly blobs: string;
}

/** All that the server learns about its host: it may not look for itself. */
export interface ServerStart {
  readonly kind: "start";
  readonly config: ServerConfig;
  readonly folders: ServerFolders;
  /** The host's own name, the default of `server.hostname`. */
  readonly hostname: string;
  /** Addresses of this host's interfaces, for the server's certificate. */
  readonly addresses: readonly string[];
  /** A filecast is refused below this share of free space, in percent. */
  readonly minFreePercent: number;
  /** Where the database is, with `database.driver: postgres`; otherwise it is a file in `folders.db`. */
  readonly postgres?: PostgresSettings;
}

/** From the process to the server in its worker. */
export type ToServer = ServerStart | { readonly kind: "stop" };

/** What a check of the database came to: a line for whatever is damaged. */
export type IntegrityAnswer =
  | { readonly ok: true; readonly findings: string[] }
  /** One line, for a person. */
  | { readonly ok: false; readonly reason: string };

/** From the server to the process. */
export type FromServer =
  | {
    readonly kind: "ready";
    readonly listen: string;
    readonly grpcPort: number;
    readonly restPort: number;
  }
  /** It could not start, or not write everything before its end; one line, for a person. */
  | { readonly kind: "fatal"; readonly reason: string }
  /** Check the database and tell it through this port: the server itself may start no thread. */
  | { readonly kind: "checkIntegrity"; readonly answer: MessagePort }
  /** Everything is written and closed. */
  | { readonly kind: "stopped" };
