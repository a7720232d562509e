import { isIP } from "node:net";
import { z } from "zod";
import { HEALTH_HOST_PATTERN } from "../tasks/health_hosts.ts";
import { duration } from "./duration_setting.ts";
import { swarmSectionSchema } from "./swarm_section.ts";

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;

const port = z.number({ error: "expected a port, 0 to 65535" }).int().min(0).max(65535);
const hostname = z.string().min(1).max(253)
  .regex(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/, { error: "expected a hostname" });
const address = z.string().refine((text) => isIP(text) !== 0, { error: "expected an IP address" });

const absolutePath = z.string().max(4096).regex(/^\/[^\0]*$/, {
  error: "expected an absolute path",
});
const databaseWord = z.string().regex(/^[A-Za-z_][A-Za-z0-9_-]{0,62}$/, {
  error: "expected a name of letters, digits, _ and -, at most 63",
});

/** `server.yaml`: every section and key may be left out, none may be invented. */
export const serverConfigSchema = z.strictObject({
  server: z.strictObject({
    hostname: hostname.optional()
      .describe("Name under which envoys reach this server. Default: the host's own name."),
    listen: address.default("0.0.0.0")
      .describe("Address of both listeners. Default: 0.0.0.0, every interface."),
    grpc_port: port.default(1530).describe("Port for agents, gRPC over mutual TLS."),
    rest_port: port.default(8443).describe("Port for REST, health and metrics."),
    tls_sans: z.array(z.union([hostname, address])).max(100).default([])
      .describe("Further names and addresses for the server's certificate."),
  }).prefault({}),
  checkin: z.strictObject({
    interval: duration(SECOND_MS, DAY_MS, "1s to 24h").prefault("60s")
      .describe("How often each envoy checks in."),
    bundle_max_age: duration(0, 36_525 * DAY_MS, "0 (for ever) to 36525d").prefault("24h")
      .describe("How long an envoy keeps applying its last bundle without the server."),
  }).prefault({}),
  envoys: z.strictObject({
    renew_grace: duration(0, 3650 * DAY_MS, "0 to 3650d").prefault("180d")
      .describe("How long after its expiry a certificate may still be renewed."),
  }).prefault({}),
  swarm: swarmSectionSchema.optional()
    .describe("Peer-to-peer distribution. Without this section it is off everywhere."),
  tasks: z.strictObject({
    health_check_hosts: z.array(
      z.string().regex(HEALTH_HOST_PATTERN, { error: "expected a host, or host:port" }),
    ).max(100).default([])
      .describe("Hosts that tasks may probe between batches, as host or host:port."),
  }).prefault({}),
  database: z.strictObject({
    driver: z.enum(["sqlite", "postgres"]).default("sqlite")
      .describe("Where the server keeps its state: a file of its own, or a PostgreSQL database."),
    host: z.union([hostname, address, absolutePath]).default("127.0.0.1")
      .describe("Host of PostgreSQL, or the folder of its socket."),
    port: port.min(1).default(5432).describe("Port of PostgreSQL."),
    name: databaseWord.default("vigo").describe("Name of the database there."),
    user: databaseWord.default("vigo").describe("User of PostgreSQL who owns that database."),
    password_file: absolutePath.optional()
      .describe("File with that user's password. VIGO_DATABASE_PASSWORD goes before it."),
    tls: z.enum(["verify", "off"]).optional()
      .describe("TLS to PostgreSQL. Default: verify, but off on this host."),
    tls_ca: absolutePath.optional()
      .describe("File with the CA of PostgreSQL's certificate. Default: those of the system."),
    retention: duration(DAY_MS, 3650 * DAY_MS, "1d to 3650d").prefault("30d")
      .describe("How long runs, tasks and published versions are kept."),
  }).prefault({}),
  log: z.strictObject({
    level: z.enum(["debug", "info", "warning", "error"]).default("info")
      .describe("The least important events that are logged."),
  }).prefault({}),
});

/** The configuration as the program uses it: durations in ms, every default filled in. */
export type ServerConfig = z.output<typeof serverConfigSchema>;
