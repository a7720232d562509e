import {
  type BlockInFileParams,
  blockInFileSchema,
} from "../../shared/config/resources/blockinfile.ts";
import { applyEdit, checkEdit } from "./edited_file.ts";
import { editBlock } from "./edits/edit_block.ts";
import type { ResourceType } from "./resource.ts";

/** A block of lines between two marks. What stands outside of them is not looked at. */
export const blockInFile: ResourceType<BlockInFileParams> = {
  type: "blockinfile",
  schema: blockInFileSchema,
  check: (params, context) => checkEdit(params, (text) => editBlock(text, params), context),
  apply: (params, context) => applyEdit(params, (text) => editBlock(text, params), context),
};
