import { type JsonFileParams, jsonFileSchema } from "../../shared/config/resources/json_file.ts";
import { applyEdit, checkEdit } from "./edited_file.ts";
import { editJson } from "./edits/edit_json.ts";
import type { ResourceType } from "./resource.ts";

/** Values in a file of JSON. What is not named stays as it is written. */
export const jsonFile: ResourceType<JsonFileParams> = {
  type: "json_file",
  schema: jsonFileSchema,
  check: (params, context) => checkEdit(params, (text) => editJson(text, params), context),
  apply: (params, context) => applyEdit(params, (text) => editJson(text, params), context),
};
