import type { ServerConfig } from "./config/server_config_schema.ts";
import type { ServerFolders } from "./channel.ts";

/**
 * Environment variables that the gRPC library reads when it is loaded. It is refused to start without the right to, and
 * what they can change is logging and proxies for outgoing calls, of which the server makes none.
 */
export const GRPC_ENVIRONMENT = [
  "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
  "GRPC_EXPERIMENTAL_ENABLE_OUTLIER_DETECTION",
  "GRPC_NODE_DEBUG_SEND_ERROR_DETAILS",
  "GRPC_NODE_TRACE",
  "GRPC_NODE_USE_ALTERNATIVE_RESOLVER",
  "GRPC_NODE_VERBOSITY",
  "GRPC_SSL_CIPHER_SUITES",
  "GRPC_TRACE",
  "GRPC_VERBOSITY",
  "grpc_proxy",
  "http_proxy",
  "https_proxy",
  "no_grpc_proxy",
  "no_proxy",
] as const;

/** The rights of the server: its folders and its listeners, nothing else of the machine. */
export function workerPermissions(
  folders: ServerFolders,
  { listen, grpc_port, rest_port }: ServerConfig["server"],
): Deno.PermissionOptionsObject {
  const { base, versions, live, db, secrets, tls, seed } = folders;
  return {
    read: [base, seed],
    // Neither the stacks nor server.yaml nor the executables: files are the source of truth, and people write them.
    write: [versions, live, db, secrets, tls, seed],
    net: [...new Set([listen, selfTestAddress(listen)])].flatMap((host) =>
      [grpc_port, rest_port].map((port) => netRule(host, port))
    ),
    env: [...GRPC_ENVIRONMENT],
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
