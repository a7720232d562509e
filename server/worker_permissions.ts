import type { ServerConfig } from "./config/server_config_schema.ts";
import type { ServerFolders } from "./channel.ts";
import { type PostgresSettings, socketPath } from "./store/postgres/postgres_settings.ts";

/**
 * Environment variables that libraries read, and fail without the right to: gRPC when it is loaded, the YAML parser at every
 * document, PostgreSQL's driver. They decide about the libraries' own debug output, about proxies for calls that the server
 * never makes, and about defaults that server.yaml leaves no room for.
 */
const LIBRARY_ENVIRONMENT = [
  "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
  "GRPC_EXPERIMENTAL_ENABLE_OUTLIER_DETECTION",
  "GRPC_NODE_DEBUG_SEND_ERROR_DETAILS",
  "GRPC_NODE_TRACE",
  "GRPC_NODE_USE_ALTERNATIVE_RESOLVER",
  "GRPC_NODE_VERBOSITY",
  "GRPC_SSL_CIPHER_SUITES",
  "GRPC_TRACE",
  "GRPC_VERBOSITY",
  "LOG_STREAM",
  "LOG_TOKENS",
  "NODE_PG_FORCE_NATIVE",
  "USER",
  "grpc_proxy",
  "http_proxy",
  "https_proxy",
  "no_grpc_proxy",
  "no_proxy",
] as const;

/** What PostgreSQL's driver reads for every connection, where the configuration has no word for it. */
const POSTGRES_ENVIRONMENT = ["PGBINARY", "PGCONNECT_TIMEOUT", "PGREPLICATION"] as const;

/** The rights of the server: its folders, its listeners, its database and whom it may probe, nothing else of the machine. */
export function workerPermissions(
  folders: ServerFolders,
  { listen, grpc_port, rest_port }: ServerConfig["server"],
  healthCheckHosts: readonly string[] = [],
  postgres?: PostgresSettings,
): Deno.PermissionOptionsObject {
  const { base, versions, live, db, secrets, tls, seed, blobs } = folders;
  const { sockets, hosts } = databaseRights(postgres);
  return {
    read: [base, seed, blobs, ...sockets],
    // Neither the stacks nor server.yaml nor the executables: files are the source of truth, and people write them.
    write: [versions, live, db, secrets, tls, seed, ...sockets],
    net: [
      ...[...new Set([listen, selfTestAddress(listen)])].flatMap((host) =>
        [grpc_port, rest_port].map((port) => netRule(host, port))
      ),
      ...healthCheckHosts,
      ...hosts,
    ],
    env: [...LIBRARY_ENVIRONMENT, ...postgres ? POSTGRES_ENVIRONMENT : []],
    // How much room a filecast would leave.
    sys: ["statfs"],
    run: false,
    ffi: false,
    import: false,
  };
}

/** A socket is an address and a file to the runtime. */
function databaseRights(postgres: PostgresSettings | undefined) {
  if (postgres === undefined) return { sockets: [], hosts: [] };
  const { host, port } = postgres;
  return host.startsWith("/")
    ? { sockets: [socketPath(host, port)], hosts: [`unix:${socketPath(host, port)}`] }
    : { sockets: [], hosts: [netRule(host, port)] };
}

/** Where a listener on `listen` is reached from this host. */
export function selfTestAddress(listen: string): string {
  if (listen === "0.0.0.0") return "127.0.0.1";
  return listen === "::" ? "::1" : listen;
}

/** Port 0 is whichever is free, so every port of the address must be allowed. */
function netRule(host: string, port: number): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return port === 0 ? name : `${name}:${port}`;
}
