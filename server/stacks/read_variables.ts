import type { LostNames } from "./lost_names.ts";
import { type ProblemList, quote } from "./problem_list.ts";
import type { Variables } from "./stack_tree.ts";
import type { ValueReader } from "./stack_value.ts";
import type { VgoEntry } from "./vgo_node.ts";
import type { VgoReader } from "./vgo_reader.ts";

/** What a template can name after `vars.`. */
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/** What the readers of all kinds of file share. */
export interface StackReaders {
  readonly nodes: VgoReader;
  readonly values: ValueReader;
  readonly problems: ProblemList;
  readonly lost: LostNames;
}

/** Reads a `vars:` map. */
export function readVariables(entry: VgoEntry | undefined, readers: StackReaders): Variables {
  const map = entry && readers.nodes.anyMap(entry.value, '"vars"');
  const named = (map?.entries ?? []).filter(({ key, keyPlace }) => {
    if (VARIABLE_NAME.test(key)) return true;
    readers.problems.add(
      keyPlace,
      `${quote(key)} cannot be a variable: expected letters, digits and "_", as in "listen_port"`,
    );
    return false;
  });
  const variables = readers.values.readEntries(named);
  for (const { key } of named) if (!variables.has(key)) readers.lost.variables.add(key);
  if (entry && !map) readers.lost.isAnyVariable = true;
  return variables;
}
