import { z } from "zod";
import { configProblemSchema, configVersionSchema, freezeSchema } from "./config.ts";
import { endpoint } from "./endpoint.ts";
import { pageOf } from "./page.ts";

/** What there is of a policy version among the envoys. */
export const versionHoldersSchema = z.object({
  /** As the bundle of these envoys names it; null for envoys without one. */
  version: z.string().nullable(),
  live: z.boolean(),
  hosts: z.number().int(),
  /** Of those, envoys that have applied what the live version wants of them, whatever it was called when it was sent. */
  upToDate: z.number().int(),
});

/** An envoy that keeps what it has, since the live version does not compile for it. */
export const refusedHostSchema = z.object({ hostname: z.string(), problem: z.string() });

export const configStatus = endpoint({
  method: "GET",
  path: "/config/status",
  summary: "Show what is live, what is staged, what is frozen, and how far envoys have come",
  permission: "fleet.read",
  query: z.object({}),
  body: z.undefined(),
  answer: z.object({
    live: configVersionSchema.nullable(),
    /** Why nothing is live although something was published, if so, with what to do. */
    problem: z.string().nullable().default(null),
    /** Of the live tree; null before the first publish. */
    tree: z.object({
      configcrates: z.number().int(),
      usercrates: z.number().int(),
      roles: z.number().int(),
      entries: z.number().int(),
      resources: z.number().int(),
    }).nullable(),
    staged: z.object({
      /** Null if the files cannot be read. */
      version: z.string().nullable(),
      files: z.number().int(),
      changed: z.boolean(),
    }),
    freeze: freezeSchema.nullable(),
    hosts: z.object({
      total: z.number().int(),
      upToDate: z.number().int(),
      pending: z.number().int(),
      refused: z.number().int(),
      /** Hosts that no entry matches. */
      unmatched: z.number().int(),
    }),
    versions: z.array(versionHoldersSchema),
    /** The first of them, by hostname. */
    refused: z.array(refusedHostSchema),
  }),
});

const placed = { place: z.string() };
const stepSchema = z.object({ kind: z.string(), name: z.string(), ...placed });
const valueTraceSchema = z.object({ value: z.json(), ...placed, from: z.string() });
/** With what came of it for the host, where that is known and is not what is written. */
const resultTraceSchema = valueTraceSchema.extend({ result: z.json().optional() });

/** See `HostTrace` of the server. */
export const hostTraceSchema = z.object({
  hostname: z.string(),
  match: z.object({ pattern: z.string(), ...placed }).nullable(),
  environment: z.string().nullable(),
  crates: z.array(z.object({ name: z.string(), ...placed, via: z.array(stepSchema) })),
  variables: z.array(z.object({
    name: z.string(),
    crate: z.string().nullable(),
    value: resultTraceSchema,
    overrode: z.array(valueTraceSchema),
  })),
  resources: z.array(z.object({
    id: z.string(),
    crate: z.string(),
    ...placed,
    via: z.array(stepSchema),
    params: z.record(
      z.string(),
      resultTraceSchema.extend({ overrode: z.array(valueTraceSchema) }),
    ),
    when: z.json(),
    deferred: z.array(z.string()),
    dependsOn: z.array(z.string()),
  })),
  leftOut: z.array(z.object({
    declared: z.string(),
    crate: z.string(),
    ...placed,
    when: z.string().nullable(),
  })),
  problems: z.array(z.string()),
});
export type HostTraceAnswer = z.infer<typeof hostTraceSchema>;

/** Which stacks are looked at: those that are live, or those that a publish would make live. */
const staged = z.enum(["true", "false"]).default("false").transform((text) => text === "true");

export const configTrace = endpoint({
  method: "GET",
  path: "/config/trace",
  summary: "Show where each variable and resource of a host comes from, and what it overrode",
  permission: "fleet.read",
  query: z.object({
    host: z.string().min(1).max(255),
    /** Only what has this name: a resource as `type:name` or by its name, a variable, a crate. */
    name: z.string().min(1).max(1100).optional(),
    staged,
  }),
  body: z.undefined(),
  answer: hostTraceSchema.extend({ mistakes: z.array(configProblemSchema) }),
});

export const TREE_NODE_KINDS = [
  "host",
  "common",
  "match",
  "environment",
  "role",
  "configcrate",
  "usercrate",
  "resource",
] as const;

/** A node of a tree of what leads to what. */
export interface ConfigTreeNode {
  readonly kind: typeof TREE_NODE_KINDS[number];
  readonly name: string;
  readonly place: string;
  /** A remark, such as how many hosts a pattern matches; empty without one. */
  readonly note: string;
  /** Whether what is below was shown further up already. */
  readonly repeated: boolean;
  readonly children: readonly ConfigTreeNode[];
}

export const configTreeNodeSchema: z.ZodType<ConfigTreeNode> = z.object({
  kind: z.enum(TREE_NODE_KINDS),
  name: z.string(),
  ...placed,
  note: z.string(),
  repeated: z.boolean(),
  get children() {
    return z.array(configTreeNodeSchema);
  },
});

export const configTree = endpoint({
  method: "GET",
  path: "/config/tree",
  summary: "Show which entries, roles, crates and resources lead to which",
  permission: "fleet.read",
  query: z.object({
    /** Only what this host gets. */
    host: z.string().min(1).max(255).optional(),
    /** Only this configcrate, and who leads to it. */
    crate: z.string().min(1).max(255).optional(),
    staged,
  }),
  body: z.undefined(),
  answer: z.object({
    roots: z.array(configTreeNodeSchema),
    /** Nodes that were left out, since the tree is too large to show. */
    leftOut: z.number().int(),
    mistakes: z.array(configProblemSchema),
  }),
});

export const configSearch = endpoint({
  method: "GET",
  path: "/config/search",
  summary: "Find a text or a resource in the stacks",
  permission: "fleet.read",
  query: z.object({
    /** Any text, in any case; or `type:name` for a resource. */
    text: z.string().min(1).max(1100),
    limit: z.coerce.number().int().min(1).max(1000).default(100),
    /** Counts hits, so that a page after a publish may repeat or leave out some. */
    cursor: z.string().regex(/^[1-9]\d{0,5}$/).optional(),
    staged,
  }),
  body: z.undefined(),
  answer: pageOf({
    hits: z.array(z.object({
      /** What it was found in, such as `configcrate`, `variable`, `parameter`, `template`. */
      kind: z.string(),
      name: z.string(),
      ...placed,
      /** What stands there, in one line. */
      text: z.string(),
    })),
    /** Hits past the limit. */
    more: z.number().int(),
    /** For a resource: the hosts that get it, as far as their traits are known. */
    hosts: z.object({ count: z.number().int(), first: z.array(z.string()) }).nullable(),
    mistakes: z.array(configProblemSchema),
  }),
});

export const configSchema = endpoint({
  method: "GET",
  path: "/config/schema",
  summary: "Give the JSON Schema of .vgo files, for editors",
  permission: "fleet.read",
  query: z.object({}),
  body: z.undefined(),
  answer: z.object({
    schema: z.record(z.string(), z.json()),
    /** Which definition of the schema is about which files. */
    kinds: z.array(z.object({ definition: z.string(), files: z.string() })),
  }),
});

export const configReference = endpoint({
  method: "GET",
  path: "/config/server-yaml",
  summary: "Give a server.yaml with every key, its default and what it means",
  permission: "fleet.read",
  query: z.object({}),
  body: z.undefined(),
  answer: z.object({ text: z.string() }),
});
