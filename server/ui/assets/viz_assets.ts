import chunkGrid from "../browser/chunk_grid.js" with { type: "text" };
import chunkPage from "../browser/chunk_page.js" with { type: "text" };
import followEvents from "../browser/follow_events.js" with { type: "text" };
import camera from "../browser/graph_camera.js" with { type: "text" };
import layout from "../browser/graph_layout.js" with { type: "text" };
import painter from "../browser/graph_painter.js" with { type: "text" };
import namedNodes from "../browser/named_nodes.js" with { type: "text" };
import palette from "../browser/palette.js" with { type: "text" };
import scheme from "../browser/scheme.js" with { type: "text" };
import swarmPage from "../browser/swarm_page.js" with { type: "text" };
import style from "./viz.css" with { type: "text" };
import { joinModules } from "./join_modules.ts";

/** The script of the picture of the swarm. */
export const SWARM_SCRIPT = joinModules(
  palette,
  scheme,
  followEvents,
  layout,
  camera,
  namedNodes,
  painter,
  swarmPage,
);

/** The script of the chunk map. */
export const CHUNKS_SCRIPT = joinModules(palette, scheme, followEvents, chunkGrid, chunkPage);

/** How pictures and charts look. */
export const VIZ_STYLE = style;
