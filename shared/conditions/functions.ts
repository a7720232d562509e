import { celEnv } from "@bufbuild/cel";

/** Operators as the parser calls them. Those that decide what is evaluated at all are carried out by the evaluator. */
export const CONDITION_OPERATORS: readonly string[] = [
  "_&&_",
  "_||_",
  "_?_:_",
  "_[_]",
  "@not_strictly_false",
  "@in",
  "_==_",
  "_!=_",
  "!_",
  "-_",
  "_+_",
  "_-_",
  "_*_",
  "_/_",
  "_%_",
  "_<_",
  "_<=_",
  "_>_",
  "_>=_",
];

/** What a condition may call. The first four ask the machine. */
export const CONDITION_FUNCTIONS: readonly string[] = [
  "os_family",
  "is_container",
  "has_trait",
  "port_listening",
  "has",
  "size",
  "int",
  "double",
  "string",
  "bool",
  "matches",
];

/** What a condition may call on a value: `vars.name.startsWith("web")`. */
export const CONDITION_METHODS: readonly string[] = [
  "size",
  "contains",
  "startsWith",
  "endsWith",
  "matches",
  "all",
  "exists",
  "exists_one",
  "map",
  "filter",
];

/** CEL's own operators and functions over single values; regular expressions are RE2's, which take linear time. */
export const STANDARD_FUNCTIONS = celEnv().funcs;
