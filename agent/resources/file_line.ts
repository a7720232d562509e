import { type FileLineParams, fileLineSchema } from "../../shared/config/resources/file_line.ts";
import { applyEdit, checkEdit } from "./edited_file.ts";
import { editLine } from "./edits/edit_line.ts";
import type { ResourceType } from "./resource.ts";

/** One line of a file. The rest of the file is not looked at. */
export const fileLine: ResourceType<FileLineParams> = {
  type: "file_line",
  schema: fileLineSchema,
  check: (params, context) => checkEdit(params, (text) => editLine(text, params), context),
  apply: (params, context) => applyEdit(params, (text) => editLine(text, params), context),
};
