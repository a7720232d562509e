import type { ServerConfig } from "./config/server_config_schema.ts";
import type { ServerFolders } from "./channel.ts";

/**
 * Environment variables that libraries read, and fail without the right to: gRPC when it is loaded, the YAML parser at every
 * document. They decide about the libraries' own debug output, and about proxies for calls that the server never makes.
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
  "grpc_proxy",
  "http_proxy",
  "https_proxy",
  "no_grpc_proxy",
  "no_proxy",
] as const;

/** The rights of the server: its folders, its listeners and whom it may probe, nothing else of the machine. */
export function workerPermissions(
  folders: ServerFolders,
  { listen, grpc_port, rest_port }: ServerConfig["server"],
  healthCheckHosts: readonly string[] = [],
): Deno.PermissionOptionsObject {
  const { base, versions, live, db, secrets, tls, seed, blobs } = folders;
  return {
    read: [base, seed, blobs],
    // Neither the stacks nor server.yaml nor the executables: files are the source of truth, and people write them.
    write: [versions, live, db, secrets, tls, seed],
    net: [
      ...[...new Set([listen, selfTestAddress(listen)])].flatMap((host) =>
        [grpc_port, rest_port].map((port) => netRule(host, port))
      ),
      ...healthCheckHosts,
    ],
    env: [...LIBRARY_ENVIRONMENT],
    // How much room a filecast would leave.
    sys: ["statfs"],
    run: false,
    ffi: false,
    import: false,
  };
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
