import { AssignTag, type Context, Liquid, Value } from "liquidjs";

/** Longest template, in characters; it holds the largest configuration file that is still written by hand. */
export const MAX_TEMPLATE_LENGTH = 1024 * 1024;
/** Longest text that a template may render to, in characters. */
export const MAX_RENDERED_LENGTH = 4 * 1024 * 1024;
/** Items that one rendering may create: ranges, splits, joined text. Reached long before memory is. */
const MEMORY_LIMIT = 2_000_000;
/**
 * Most parts of templates that one rendering may go through: text, names and tags, in a loop once for each turn. It ends nested
 * loops over lists, which create nothing. Counted and not timed, so that a busy machine renders what an idle one does; a real file
 * has a thousandth.
 */
export const MAX_RENDERED_PARTS = 200_000;

/** Tags that read other files, which templates cannot: what is shared stands in vars. The last two write into the scope. */
const REMOVED_TAGS = ["include", "render", "layout", "block", "increment", "decrement"];
/** Filters that answer differently each time, or by the server's clock: a policy must follow from stacks and traits alone. */
const REMOVED_FILTERS = [
  "sample",
  "date",
  "date_to_xmlschema",
  "date_to_rfc822",
  "date_to_string",
  "date_to_long_string",
];

/**
 * The template language of stacks: LiquidJS, strict about variables and filters, without file access, clocks or chance.
 * A name that is not there is an error except as the condition of `if`, `unless` and `case` or in front of `default`.
 */
export function createTemplateEngine(): Liquid {
  const engine = new Liquid({
    strictVariables: true,
    strictFilters: true,
    lenientIf: true,
    ownPropertyOnly: true,
    dynamicPartials: false,
    relativeReference: false,
    cache: false,
    templates: {},
    parseLimit: MAX_TEMPLATE_LENGTH,
    memoryLimit: MEMORY_LIMIT,
  });
  for (const tag of REMOVED_TAGS) delete engine.tags[tag];
  engine.registerTag("assign", StrictAssignTag);
  for (const filter of REMOVED_FILTERS) delete engine.filters[filter];
  return engine;
}

/** The library's own lets a name that is not there pass where conditions do, and what it assigns is then empty text. */
class StrictAssignTag extends AssignTag {
  override *render(context: Context): Generator<unknown, void, unknown> {
    const [value] = this.arguments();
    const [identifier] = this.localScope();
    if (!(value instanceof Value) || identifier === undefined) {
      throw new Error("unreachable: an assignment has a name and a value");
    }
    context.bottom()[identifier.content] = yield value.value(context, false);
  }
}
