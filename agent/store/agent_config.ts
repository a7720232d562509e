import { isAlias, isMap, isPair, isScalar, LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { parseEndpoint } from "../../shared/swarm/announce_line.ts";

/** Largest configuration file read, in bytes: it holds a dozen short lines. */
export const MAX_CONFIG_BYTES = 64 * 1024;

const MS_PER_UNIT = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A duration such as `90s` or `24h`, as milliseconds. */
const duration = z.string().regex(/^\d{1,9}(ms|s|m|h|d)$/, {
  error: 'expected a number with ms, s, m, h or d, such as "60s"',
}).transform((text) => {
  const unit = text.replace(/^\d+/, "");
  // Proven by the pattern above: the unit is one of the table's keys.
  return Number.parseInt(text) * MS_PER_UNIT[unit as keyof typeof MS_PER_UNIT];
});

const hostPort = z.string().max(300).regex(/^(\[[0-9a-fA-F:.]+\]|[^:\s/]+):\d{1,5}$/, {
  error: 'expected host:port, such as "vigo.example.com:1530"',
});

/** Peers are found over IPv4 and look up no names. */
const announced = z.string().refine((text) => parseEndpoint(text) !== undefined, {
  error: 'expected an IPv4 address and a port, such as "192.0.2.7:1531"',
});

const ipAddress = z.union([z.ipv4(), z.ipv6()], { error: "expected an IP address" });

/** The keys of the agent's configuration; none may be invented. */
export const agentConfigSchema = z.strictObject({
  /** Where the daemon checks in, host:port. */
  server: hostPort,
  /** Base of the REST listener, for renewals and the clock. */
  rest: z.url({ protocol: /^https$/, error: 'expected "https://host:port"' }),
  swarm: z.strictObject({
    listen_address: ipAddress.optional(),
    announce_address: announced.optional(),
    port: z.number().int().min(1).max(65535).optional(),
  }).default({}),
  /** Replaces the interval that the server asks for. */
  interval: duration.pipe(z.number().min(1_000).max(86_400_000)).optional(),
  /** How long the last good bundle is applied without a server; `0s` is for ever. */
  bundle_max_age: duration.optional(),
  log: z.strictObject({
    level: z.enum(["debug", "info", "warning", "error"]).default("info"),
  }).default({ level: "info" }),
});

/** The agent's own settings, `/etc/vigo-envoy/config`. */
export type AgentConfig = z.infer<typeof agentConfigSchema>;

/** The configuration cannot be used; the message gives `file:line:column` of every mistake. */
export class AgentConfigError extends Error {
  override readonly name = "AgentConfigError";
}

/**
 * Parses the agent's configuration.
 *
 * @param file the name used in messages.
 * @throws {AgentConfigError} naming every mistake with its position.
 */
export function parseAgentConfig(text: string, file: string): AgentConfig {
  if (new TextEncoder().encode(text).length > MAX_CONFIG_BYTES) {
    throw new AgentConfigError(`Cannot read ${file}: it is larger than ${MAX_CONFIG_BYTES} bytes`);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: true,
    version: "1.2",
    logLevel: "error",
  });
  const problems = document.errors.map((error) =>
    `${file}:${position(lines, error.pos[0])}: ${error.message.split("\n")[0]}`
  );
  if (problems.length > 0) throw new AgentConfigError(problems.join("; "));
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    // The library reports aliases only when they are resolved.
    throw new AgentConfigError(`${file}: aliases and anchors are not used here`, { cause });
  }
  const parsed = agentConfigSchema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  throw new AgentConfigError(
    parsed.error.issues.map((issue) => {
      const keys = issue.code === "unrecognized_keys" ? issue.keys : [];
      const path = [...issue.path, ...keys.slice(0, 1)];
      return `${file}:${position(lines, offsetOf(document.contents, path))}: ${
        path.join(".") || "document"
      }: ${describe(issue)}`;
    }).join("; "),
  );
}

/** The text of a new configuration file. */
export function renderAgentConfig(config: { server: string; rest: string }): string {
  return `# Settings of this machine's Vigo agent.
# server: where it checks in; rest: where it renews an expired certificate.
server: ${JSON.stringify(config.server)}
rest: ${JSON.stringify(config.rest)}
# interval: 60s            # replaces what the server asks for
# bundle_max_age: 24h      # without a server, apply the last bundle this long
# swarm:
#   listen_address: 192.0.2.7
#   announce_address: "192.0.2.7:1531"
#   port: 1531
# log:
#   level: info
`;
}

/**
 * A configuration file with the addresses of a newly joined server; everything else, comments too, stays.
 *
 * @throws {AgentConfigError} if the text is not a YAML mapping.
 */
export function replaceAddresses(
  text: string,
  file: string,
  config: { server: string; rest: string },
): string {
  const document = parseDocument(text);
  if (document.errors.length > 0 || !(document.contents === null || isMap(document.contents))) {
    throw new AgentConfigError(
      `Cannot change ${file}: it is not a YAML mapping. Repair or remove it`,
    );
  }
  document.set("server", config.server);
  document.set("rest", config.rest);
  return document.toString();
}

function describe(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") {
    return `unknown key; the keys are server, rest, swarm, interval, bundle_max_age, log`;
  }
  return issue.message;
}

function position(lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${line}:${col}`;
}

/** Offset of the deepest node on `path` that exists; of the key when the last step is a key. */
function offsetOf(root: unknown, path: readonly PropertyKey[]): number {
  let node = root;
  let offset = 0;
  for (const step of path) {
    if (!isMap(node)) break;
    const pair = node.items.find((item) => isScalar(item.key) && item.key.value === step);
    if (!isPair(pair) || !isScalar(pair.key)) break;
    offset = pair.key.range?.[0] ?? offset;
    node = isAlias(pair.value) ? undefined : pair.value;
  }
  return offset;
}
