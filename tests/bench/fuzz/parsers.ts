import { AGENT_PARSERS } from "./agent_parsers.ts";
import type { FuzzedParser } from "./fuzz_parser.ts";
import { SERVER_PARSERS } from "./server_parsers.ts";
import { SHARED_PARSERS } from "./shared_parsers.ts";

/** Every parser of what comes from outside of its program, in one place, so that none is left out and all can be tallied. */
export const FUZZED_PARSERS: readonly FuzzedParser[] = [
  ...SHARED_PARSERS,
  ...SERVER_PARSERS,
  ...AGENT_PARSERS,
];

/** Cases of each parser that one run of the tests goes through; `deno task bench fuzz` goes through as many as time allows. */
export const CASES_PER_TEST = 300;
