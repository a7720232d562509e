import { withRestTable } from "./rest_table.ts";

/** Writes the table of endpoints into `docs/rest.md`. */
if (import.meta.main) {
  const page = new URL("../docs/rest.md", import.meta.url);
  await Deno.writeTextFile(page, withRestTable(await Deno.readTextFile(page)));
}
