import { configSchema } from "../../../shared/rest/config_views.ts";
import { withExamples } from "../../../shared/terminal/run_cli.ts";
import { sanitize } from "../../../shared/terminal/sanitize.ts";
import type { CliContext } from "../../context.ts";
import { serverCommand } from "../server_command.ts";

/** `vigocli config schema` */
export function schemaCommand({ output, connect, writeFile }: CliContext) {
  const command = serverCommand("schema")
    .description("Give the JSON Schema of .vgo files, with which editors complete and check them")
    .option("--out <file>", "write it there instead of printing it")
    .action(async ({ out, json, ...flags }) => {
      using client = await connect(flags);
      const { schema, kinds } = await client.call(configSchema);
      if (out === undefined) return output.json(schema);
      await writeFile(out, `${JSON.stringify(schema, null, 2)}\n`);
      if (json) return output.json({ file: out, kinds });
      output.line(`Wrote ${sanitize(out)}. Of its definitions these are about these files:`);
      for (const { definition, files } of kinds) {
        output.line(`  #/$defs/${definition}  ${files}`);
      }
    });
  return withExamples(command, [
    ["vigocli config schema --out vgo.schema.json", "for the settings of an editor"],
    ["vigocli config schema", "print it"],
  ]);
}
