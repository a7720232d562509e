import { z } from "zod";
import type { Json } from "../../shared/canonical/canonical_json.ts";
import { MAX_CONDITION_LENGTH } from "../../shared/conditions/condition.ts";
import { MAX_NICE, MAX_TIMEOUT_SECS } from "../../shared/tasks/task_limits.ts";
import { PARAMETER_TYPES } from "../../shared/tasks/task_parameter.ts";
import { CONFIGCRATE, type CrateKind, USERCRATE } from "./read_configcrate.ts";
import { MAX_TASK_DESCRIPTION, TASK_KEYS } from "./read_task.ts";
import { PARAMETER_KEYS } from "./read_task_parameters.ts";
import type { ResourceCatalog } from "./resource_catalog.ts";

/** A JSON Schema (2020-12), as JSON. */
export type JsonSchema = { readonly [keyword: string]: Json };

/** Which files of a tree a definition of the schema is about, for the settings of an editor. */
export const VGO_FILE_KINDS: readonly { readonly definition: string; readonly files: string }[] = [
  { definition: "configcrate", files: "configcrates/**/*.vgo" },
  { definition: "usercrate", files: "usercrates/**/*.vgo" },
  { definition: "task", files: "tasks/**/*.vgo" },
  { definition: "roles", files: "roles.vgo" },
  { definition: "common", files: "**/common.vgo" },
  { definition: "environments", files: "**/environments.vgo" },
  { definition: "hosts", files: "**/*.vgo" },
];

const NAME: JsonSchema = { type: "string", pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$" };
const TEMPLATE: JsonSchema = { type: "string", pattern: "\\{\\{|\\{%" };
const SECRET: JsonSchema = {
  type: "string",
  pattern: "^secret:[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$",
};
const ANY: JsonSchema = {};

/**
 * The shape of `.vgo` files for editors: every key, every type of resource with its parameters, and what values look like. It
 * admits all that the loader does, and more: what depends on other files, on values of variables, or on several parameters
 * together, is the loader's to say.
 */
export function vgoJsonSchema(catalog: ResourceCatalog): JsonSchema {
  const names = oneOrMore(NAME);
  const vars: JsonSchema = {
    type: "object",
    propertyNames: { type: "string", pattern: "^[A-Za-z_][A-Za-z0-9_]{0,127}$" },
    additionalProperties: ANY,
  };
  const assignment = { vars, roles: names, configcrates: names, usercrates: names };
  const entry = closed({
    match: { type: "string", minLength: 1, description: "glob over the hostname" },
    environment: NAME,
    ...assignment,
  }, ["match"]);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Stacks of Vigo",
    anyOf: VGO_FILE_KINDS.map(({ definition }) => reference(definition)),
    $defs: {
      configcrate: crateSchema(CONFIGCRATE, catalog, vars, names),
      usercrate: crateSchema(USERCRATE, catalog, vars, names),
      task: taskSchema(),
      roles: closed({
        roles: mapOf(closed({ configcrates: names, includes: names })),
      }),
      common: closed(assignment),
      environments: closed({
        environments: {
          type: "object",
          propertyNames: NAME,
          additionalProperties: closed({ vars, configcrates: names, exclude_configcrates: names }),
        },
      }),
      hosts: { anyOf: [entry, closed({ envoys: { type: "array", items: entry } }, ["envoys"])] },
      ...Object.fromEntries(
        Object.keys(catalog.schemas).map((type) => [`${type}_resource`, resource(type, catalog)]),
      ),
    },
  };
}

function crateSchema(
  { types, keys }: CrateKind,
  catalog: ResourceCatalog,
  vars: JsonSchema,
  names: JsonSchema,
): JsonSchema {
  const held = types ?? Object.keys(catalog.schemas);
  const schemas: Readonly<Record<string, JsonSchema>> = {
    name: NAME,
    vars,
    defaults: closed(Object.fromEntries(
      Object.keys(catalog.schemas).map((type) => {
        const { [catalog.naturalKeys[type] ?? ""]: _, ...params } = parameters(type, catalog);
        return [type, closed(params)];
      }),
    )),
    when: CONDITION,
    foreach: FOREACH,
    depends_on: names,
    resources: {
      type: "array",
      items: { anyOf: held.map((type) => reference(`${type}_resource`)) },
    },
  };
  return pick(keys, schemas, ["name"]);
}

function taskSchema(): JsonSchema {
  const parameters: Readonly<Record<string, JsonSchema>> = {
    name: { type: "string", pattern: "^[A-Za-z_][A-Za-z0-9_]{0,127}$" },
    description: { type: "string", minLength: 1 },
    type: { enum: [...PARAMETER_TYPES], default: "string" },
    required: { type: "boolean", description: "true unless there is a default" },
    default: { type: ["string", "number", "boolean"] },
    pattern: { type: "string", minLength: 1, description: "RE2, for the whole value" },
  };
  const keys: Readonly<Record<string, JsonSchema>> = {
    name: NAME,
    description: { type: "string", minLength: 1, maxLength: MAX_TASK_DESCRIPTION },
    params: { type: "array", items: pick(PARAMETER_KEYS, parameters, ["name"]) },
    command: {
      type: "string",
      minLength: 1,
      description: "for sh -c; {{ params.NAME }} is the value as one quoted word",
    },
    timeout: {
      anyOf: [
        { type: "integer", minimum: 1, maximum: MAX_TIMEOUT_SECS },
        { type: "string", pattern: "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$", minLength: 2 },
      ],
      description: "seconds, or a duration such as 5m",
    },
    nice: { type: "integer", minimum: 0, maximum: MAX_NICE },
    batch_size: amount("^ *[0-9]+%? *(, *[0-9]+%? *)*$", "5, 25%, or steps: 1,5,25%", 1),
    max_failures: amount("^[0-9]+%?$", "2 or 10%", 0),
    health_check_url: { type: "string", pattern: "^https?://" },
  };
  return pick(TASK_KEYS, keys, ["name", "command"]);
}

function amount(pattern: string, description: string, minimum: number): JsonSchema {
  return { anyOf: [{ type: "integer", minimum }, { type: "string", pattern }], description };
}

/** A map with these keys and no others. */
function pick(
  keys: readonly string[],
  schemas: Readonly<Record<string, JsonSchema>>,
  required: readonly string[],
): JsonSchema {
  return closed(Object.fromEntries(keys.map((key) => [key, schemas[key] ?? ANY])), required);
}

const CONDITION: JsonSchema = {
  anyOf: [{ type: "boolean" }, { type: "string", minLength: 1, maxLength: MAX_CONDITION_LENGTH }],
  description: 'CEL over traits, vars, env, item and changed; "changed" alone: only when notified',
};
const FOREACH: JsonSchema = {
  anyOf: [{ type: "array" }, { type: "object" }, TEMPLATE],
  description: 'a list or map; "item" is a name in the rest',
};
const REFERENCES: JsonSchema = oneOrMore({
  type: "string",
  pattern: "^[a-z_]+:.",
  description: "type:name",
});

function resource(type: string, catalog: ResourceCatalog): JsonSchema {
  return closed({
    [type]: { type: "string", minLength: 1 },
    ...parameters(type, catalog),
    depends_on: REFERENCES,
    before: REFERENCES,
    notify: REFERENCES,
    subscribes: REFERENCES,
    when: CONDITION,
    foreach: FOREACH,
  }, [type]);
}

/** The parameters of a type, of all its variants together: which go with which is the loader's to say. */
function parameters(type: string, catalog: ResourceCatalog): Record<string, JsonSchema> {
  const schema = catalog.schemas[type];
  if (!schema) return {};
  // What the library writes is JSON.
  const written = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
  const variants = Object.values(written["oneOf"] ?? written["anyOf"] ?? [written]);
  const found = new Map<string, Map<string, JsonSchema>>();
  for (const variant of variants) {
    for (const [name, value] of Object.entries(asSchema(asSchema(variant)["properties"]))) {
      const known = found.get(name) ?? new Map<string, JsonSchema>();
      found.set(name, known.set(JSON.stringify(value), asSchema(value)));
    }
  }
  return Object.fromEntries(
    [...found].map(([name, alternatives]) => {
      const [only, ...others] = [...alternatives.values()].map(admitTemplates);
      return [name, only && others.length === 0 ? only : { anyOf: [only ?? ANY, ...others] }];
    }),
  );
}

/** A value, or a template or secret in its place; likewise inside of it. */
function admitTemplates(schema: JsonSchema): JsonSchema {
  // The only definitions that parameters refer to are those of JSON itself.
  if (schema["$ref"] !== undefined) return ANY;
  const { default: fallback, description, ...rest } = schema;
  const inner: Record<string, Json> = { ...rest };
  for (const key of ["items", "additionalProperties"]) {
    const below = rest[key];
    if (typeof below === "object" && below !== null && !Array.isArray(below)) {
      inner[key] = admitTemplates(asSchema(below));
    }
  }
  for (const key of ["anyOf", "oneOf"]) {
    const below = rest[key];
    if (Array.isArray(below)) inner[key] = below.map((each) => admitTemplates(asSchema(each)));
  }
  const properties = rest["properties"];
  if (properties !== undefined) {
    inner["properties"] = Object.fromEntries(
      Object.entries(asSchema(properties)).map(([name, value]) => [
        name,
        admitTemplates(asSchema(value)),
      ]),
    );
  }
  return {
    anyOf: [inner, TEMPLATE, SECRET],
    ...(fallback === undefined ? {} : { default: fallback }),
    ...(description === undefined ? {} : { description }),
  };
}

function asSchema(value: Json | undefined): JsonSchema {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  // An object of JSON, in which nothing is undefined since the library writes none.
  return value as JsonSchema;
}

function closed(
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[] = [],
): JsonSchema {
  return {
    type: "object",
    properties,
    additionalProperties: false,
    ...(required.length > 0 ? { required } : {}),
  };
}

function mapOf(values: JsonSchema): JsonSchema {
  return { type: "object", additionalProperties: values };
}

function oneOrMore(item: JsonSchema): JsonSchema {
  return { anyOf: [item, { type: "array", items: item }] };
}

function reference(definition: string): JsonSchema {
  return { $ref: `#/$defs/${definition}` };
}
