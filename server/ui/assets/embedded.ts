import htmx from "htmx.org/dist/htmx.min.js" with { type: "text" };
import htmxEvents from "htmx.org/dist/ext/hx-sse.min.js" with { type: "text" };
import { CHUNKS_SCRIPT, SWARM_SCRIPT, VIZ_STYLE } from "./viz_assets.ts";
import icon from "./icon.svg" with { type: "text" };
import script from "./vigo.js" with { type: "text" };
import base from "./style/base.css" with { type: "text" };
import components from "./style/components.css" with { type: "text" };
import forms from "./style/forms.css" with { type: "text" };
import shell from "./style/shell.css" with { type: "text" };
import tables from "./style/tables.css" with { type: "text" };

/**
 * Every file that pages load, by its name. They are part of the program's modules, so that a compiled server has them inside
 * and reads nothing for them.
 */
export const EMBEDDED = {
  "style.css": [base, shell, components, forms, tables, VIZ_STYLE].join("\n"),
  "htmx.js": htmx,
  "htmx-events.js": htmxEvents,
  "vigo.js": script,
  "swarm.js": SWARM_SCRIPT,
  "chunks.js": CHUNKS_SCRIPT,
  "icon.svg": icon,
} as const satisfies Readonly<Record<string, string>>;

export type AssetName = keyof typeof EMBEDDED;
