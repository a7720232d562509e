import { z } from "zod";
import { API_PREFIX, CONTRACT } from "../../shared/rest/contract.ts";
import type { Endpoint } from "../../shared/rest/endpoint.ts";
import { errorSchema } from "../../shared/rest/error.ts";
import { AUTOMATIC_HEADER, CSRF_HEADER, SESSION_COOKIE } from "../../shared/rest/http_names.ts";

type JsonObject = { [key: string]: unknown };

/** The API as an OpenAPI 3.1 document, generated from the schemas that the server parses with. */
export function openApiDocument(version: string): JsonObject {
  const schemas: JsonObject = {};
  const paths: { [path: string]: JsonObject } = {};
  for (const [name, endpoint] of Object.entries(CONTRACT)) {
    const path = `${API_PREFIX}${endpoint.path}`.replaceAll(/:(\w+)/g, "{$1}");
    const operations = paths[path] ??= {};
    operations[endpoint.method.toLowerCase()] = describe(name, endpoint, schemas);
  }
  schemas["Error"] = toSchema(errorSchema, "Error", "output", schemas);
  return {
    openapi: "3.1.0",
    info: {
      title: "Vigo",
      version,
      description: "The administrative interface of a Vigo server.",
      license: { name: "Proprietary" },
    },
    servers: [{ url: "/" }],
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        token: { type: "http", scheme: "bearer" },
        session: {
          type: "apiKey",
          in: "cookie",
          name: SESSION_COOKIE,
          description:
            `From a login at ${API_PREFIX}/session. What changes something also carries the session's csrfToken as ${CSRF_HEADER}; what asks by itself carries ${AUTOMATIC_HEADER}, and keeps no session alive. Agents are known by the client certificate of their connection.`,
        },
      },
      responses: {
        Error: {
          description: "The request was refused or failed",
          content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
        },
      },
    },
  };
}

function describe(
  name: string,
  endpoint: Endpoint<z.ZodType, z.ZodType, z.ZodType>,
  schemas: JsonObject,
): JsonObject {
  const permission = endpoint.permission === "none"
    ? "Anybody may ask."
    : `Needs the permission \`${endpoint.permission}\`.`;
  return {
    operationId: name,
    summary: endpoint.summary,
    description: permission,
    ...(endpoint.permission === "none" ? { security: [] } : {}),
    parameters: [
      ...[...endpoint.path.matchAll(/:(\w+)/g)].map(([, parameter]) => ({
        name: parameter,
        in: "path",
        required: true,
        schema: { type: "string" },
      })),
      ...describeQuery(name, endpoint.query, schemas),
    ],
    ...describeBody(name, endpoint, schemas),
    responses: {
      "200": {
        description: "Done",
        content: {
          [endpoint.answerType ?? "application/json"]: {
            schema: toSchema(endpoint.answer, `${name}Answer`, "output", schemas),
          },
        },
      },
      ...(endpoint.method === "GET" && endpoint.answerType === undefined
        ? { "304": { description: "Nothing changed since the answer with the given entity tag" } }
        : {}),
      default: { $ref: "#/components/responses/Error" },
    },
  };
}

function describeQuery(name: string, query: z.ZodType, schemas: JsonObject): JsonObject[] {
  if (!(query instanceof z.ZodObject)) return [];
  return Object.entries(query.shape).map(([parameter, schema]) => {
    // The members of a zod object are zod types; its shape is typed for the core of zod only.
    const type = schema as z.ZodType;
    return {
      name: parameter,
      in: "query",
      required: !type.safeParse(undefined).success,
      schema: toSchema(type, `${name}Query${parameter}`, "output", schemas),
    };
  });
}

function describeBody(
  name: string,
  { method, body }: Endpoint<z.ZodType, z.ZodType, z.ZodType>,
  schemas: JsonObject,
): JsonObject {
  if (method !== "POST") return {};
  const content = body instanceof z.ZodUndefined
    ? { "application/octet-stream": {} }
    : { "application/json": { schema: toSchema(body, `${name}Body`, "input", schemas) } };
  return { requestBody: { required: true, content } };
}

/** A zod schema as JSON Schema; definitions that it shares move to the document's components under `name`. */
function toSchema(
  schema: z.ZodType,
  name: string,
  io: "input" | "output",
  schemas: JsonObject,
): JsonObject {
  const { $schema: _, $defs: definitions = {}, ...inline } = z.toJSONSchema(schema, {
    target: "draft-2020-12",
    unrepresentable: "any",
    io,
  });
  const moved = (value: unknown): unknown => moveReferences(value, name);
  for (const [key, definition] of Object.entries(definitions)) {
    schemas[`${name}${key}`] = moved(definition);
  }
  return Object.fromEntries(Object.entries(inline).map(([key, value]) => [key, moved(value)]));
}

function moveReferences(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value.map((item) => moveReferences(item, name));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === "$ref" && typeof member === "string"
        ? member.replace("#/$defs/", `#/components/schemas/${name}`)
        : moveReferences(member, name),
    ]),
  );
}
