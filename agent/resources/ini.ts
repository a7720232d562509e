import { type IniParams, iniSchema } from "../../shared/config/resources/ini.ts";
import { applyEdit, checkEdit } from "./edited_file.ts";
import { editIni } from "./edits/edit_ini.ts";
import type { ResourceType } from "./resource.ts";

/** One setting of a file with sections. Comments, order and spacing of the others stay. */
export const ini: ResourceType<IniParams> = {
  type: "ini",
  schema: iniSchema,
  check: (params, context) => checkEdit(params, (text) => editIni(text, params), context),
  apply: (params, context) => applyEdit(params, (text) => editIni(text, params), context),
};
