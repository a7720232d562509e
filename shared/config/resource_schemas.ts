import type { z } from "zod";
import { archiveSchema } from "./resources/archive.ts";
import { blockInFileSchema } from "./resources/blockinfile.ts";
import { cronSchema } from "./resources/cron.ts";
import { customSchema } from "./resources/custom.ts";
import { directorySchema } from "./resources/directory.ts";
import { execSchema } from "./resources/exec.ts";
import { fileSchema } from "./resources/file.ts";
import { fileLineSchema } from "./resources/file_line.ts";
import { firewallSchema } from "./resources/firewall.ts";
import { gitSchema } from "./resources/git.ts";
import { groupSchema } from "./resources/group.ts";
import { hostSchema } from "./resources/host.ts";
import { hostnameSchema } from "./resources/hostname.ts";
import { iniSchema } from "./resources/ini.ts";
import { jsonFileSchema } from "./resources/json_file.ts";
import { mountSchema } from "./resources/mount.ts";
import { packageSchema } from "./resources/package.ts";
import { processSchema } from "./resources/process.ts";
import { repositorySchema } from "./resources/repository.ts";
import { serviceSchema } from "./resources/service.ts";
import { sshAuthorizedKeySchema } from "./resources/ssh_authorized_key.ts";
import { sshKnownHostSchema } from "./resources/ssh_known_host.ts";
import { symlinkSchema } from "./resources/symlink.ts";
import { sysctlSchema } from "./resources/sysctl.ts";
import { timezoneSchema } from "./resources/timezone.ts";
import { userSchema } from "./resources/user.ts";

const DEFINITIONS = {
  file: { schema: fileSchema, naturalKey: "path" },
  directory: { schema: directorySchema, naturalKey: "path" },
  symlink: { schema: symlinkSchema, naturalKey: "path" },
  exec: { schema: execSchema, naturalKey: "command" },
  package: { schema: packageSchema, naturalKey: "name" },
  repository: { schema: repositorySchema, naturalKey: "name" },
  service: { schema: serviceSchema, naturalKey: "name" },
  user: { schema: userSchema, naturalKey: "name" },
  file_line: { schema: fileLineSchema, naturalKey: "path" },
  blockinfile: { schema: blockInFileSchema, naturalKey: "path" },
  json_file: { schema: jsonFileSchema, naturalKey: "path" },
  ini: { schema: iniSchema, naturalKey: "path" },
  ssh_authorized_key: { schema: sshAuthorizedKeySchema, naturalKey: "user" },
  ssh_known_host: { schema: sshKnownHostSchema, naturalKey: "host" },
  host: { schema: hostSchema, naturalKey: "name" },
  cron: { schema: cronSchema, naturalKey: "name" },
  group: { schema: groupSchema, naturalKey: "name" },
  custom: { schema: customSchema, naturalKey: "executor" },
  hostname: { schema: hostnameSchema, naturalKey: "name" },
  timezone: { schema: timezoneSchema, naturalKey: "name" },
  sysctl: { schema: sysctlSchema, naturalKey: "key" },
  mount: { schema: mountSchema, naturalKey: "path" },
  git: { schema: gitSchema, naturalKey: "path" },
  archive: { schema: archiveSchema, naturalKey: "path" },
  firewall: { schema: firewallSchema, naturalKey: "name" },
  process: { schema: processSchema, naturalKey: "name" },
} as const;

/** The types of resource this stage knows. */
export type ResourceTypeName = keyof typeof DEFINITIONS;

/**
 * The parameters of each resource type. What a schema returns is plain JSON with defaults filled in, and valid again:
 * parsing twice is parsing once. Server and agent validate with the same schema.
 */
export const RESOURCE_SCHEMAS: Readonly<Record<string, z.ZodType>> = mapDefinitions((definition) =>
  definition.schema
);

/**
 * The parameter that a resource's name stands for when that parameter is not written: `file: /etc/motd` has the path
 * /etc/motd, `exec: systemctl daemon-reload` that command. With the parameter written the name is a label of its own.
 */
export const NATURAL_KEY: Readonly<Record<string, string>> = mapDefinitions((definition) =>
  definition.naturalKey
);

/** Every parameter a type knows, in the order of its schema, to suggest the nearest one for a misspelt name. */
export const PARAMETER_NAMES: Readonly<Record<string, readonly string[]>> = mapDefinitions(
  ({ schema }) => {
    const shapes = "options" in schema ? schema.options.map(({ shape }) => shape) : [schema.shape];
    return [...new Set(shapes.flatMap((shape) => Object.keys(shape)))];
  },
);

function mapDefinitions<Value>(
  select: (definition: typeof DEFINITIONS[ResourceTypeName]) => Value,
): Readonly<Record<string, Value>> {
  // Without a prototype, so that a type called "constructor" is not found.
  const mapped: Record<string, Value> = Object.create(null);
  for (const [type, definition] of Object.entries(DEFINITIONS)) mapped[type] = select(definition);
  return mapped;
}
