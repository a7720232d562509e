import { stringify } from "yaml";
import { z } from "zod";
import { serverConfigSchema } from "./server_config_schema.ts";

/** Width of the remarks, in characters. */
const WIDTH = 96;

const HEADER = [
  "Every key of /srv/vigo/server.yaml, with its default or, where it has none, an example.",
  "Take the first # away from a line and from its section to set it. Changes take effect when vigosrv starts again.",
];

/** What stands for a key that has no default. */
const EXAMPLES: Readonly<Record<string, string>> = {
  "server.hostname": "vigo.example.com",
  "swarm.max_upload_mbps": "100",
  "database.password_file": "/srv/vigo/database.password",
  "database.tls": "verify",
  "database.tls_ca": "/srv/vigo/database-ca.crt",
};

/**
 * A `server.yaml` that says of every key what it means and what it is by default, made from the schema that the file is read
 * with. Every line is commented out; without their first `#` they are a whole configuration.
 */
export function serverConfigReference(): string {
  const schema: unknown = z.toJSONSchema(serverConfigSchema, {
    io: "input",
    unrepresentable: "any",
  });
  const lines = [...HEADER.flatMap((text) => remark(text, "")), ...describeSection(schema, "", "")];
  return lines.map((line) => line === "" ? "\n" : `#${line}\n`).join("");
}

function describeSection(schema: unknown, indent: string, path: string): string[] {
  return Object.entries(propertiesOf(schema)).flatMap(([key, member]) => {
    const name = path === "" ? key : `${path}.${key}`;
    const inner = describeSection(member, `${indent}  `, name);
    const above = [...indent === "" ? [""] : [], ...remark(textOf(member, "description"), indent)];
    return inner.length > 0
      ? [...above, `${indent}${key}:`, ...inner]
      : [...above, `${indent}${key}: ${EXAMPLES[name] ?? describeDefault(member)}`];
  });
}

function describeDefault(schema: unknown): string {
  const options = { collectionStyle: "flow", lineWidth: 0 } as const;
  return stringify(memberOf(schema, "default"), options).trim();
}

function propertiesOf(schema: unknown): Readonly<Record<string, unknown>> {
  const properties = memberOf(schema, "properties");
  return typeof properties === "object" && properties !== null ? { ...properties } : {};
}

function textOf(schema: unknown, key: string): string {
  const value = memberOf(schema, key);
  return typeof value === "string" ? value : "";
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

function remark(text: string, indent: string): string[] {
  const lead = `${indent}#`;
  const lines: string[] = [];
  let line = lead;
  for (const word of text.split(" ").filter((each) => each !== "")) {
    if (line !== lead && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = lead;
    }
    line += ` ${word}`;
  }
  return line === lead ? lines : [...lines, line];
}
