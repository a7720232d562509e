import {
  type FlowTotal,
  MAX_FLOWS,
  type SwarmFlow,
  type SwarmGraphNews,
  type SwarmNode,
} from "../../shared/rest/swarm_graph.ts";
import type { FleetIndex } from "../fleet/fleet_index.ts";
import { BEAT_MS, beats, goodForMs } from "./beats.ts";
import type { FlowBook } from "./flow_book.ts";
import type { SwarmOverview } from "./swarm_overview.ts";

/** The tag that gives an envoy a colour in pictures. */
export const COLOR_TAG = "viz.color";

export interface SwarmGraphOptions {
  readonly index: Pick<FleetIndex, "get">;
  readonly overview: Pick<SwarmOverview, "peers">;
  readonly flows: Pick<FlowBook, "list">;
  readonly now: () => number;
  /** Between two looks at what has changed, in ms; for tests. */
  readonly beatMs?: number;
}

interface Picture {
  readonly atMs: number;
  readonly costMs: number;
  readonly nodes: ReadonlyMap<string, { readonly node: SwarmNode; readonly text: string }>;
  readonly flows: readonly SwarmFlow[];
  readonly flowsText: string;
  readonly total: FlowTotal;
}

/** The swarm as a picture: envoys, and what flowed between them within the last minute. */
export class SwarmGraph {
  readonly #options: SwarmGraphOptions;
  readonly #beatMs: number;
  #picture: Picture | undefined;

  constructor(options: SwarmGraphOptions) {
    this.#options = options;
    this.#beatMs = options.beatMs ?? BEAT_MS;
  }

  show(): { nodes: SwarmNode[]; flows: SwarmFlow[]; total: FlowTotal } {
    const { nodes, flows, total } = this.#draw();
    return { nodes: [...nodes.values()].map(({ node }) => node), flows: [...flows], total };
  }

  /** All of it at once, then whatever is different, until the signal ends it. */
  async *follow(signal: AbortSignal): AsyncGenerator<SwarmGraphNews> {
    let told: Picture | undefined;
    for await (const _ of beats(signal, this.#beatMs)) {
      const picture = this.#draw();
      const news = compare(told, picture);
      told = picture;
      if (news) yield news;
    }
  }

  /** However many look at it, it is drawn once a beat, and more seldom where a fleet is so large that it takes long. */
  #draw(): Picture {
    const { index, overview, flows: book, now } = this.#options;
    const nowMs = now();
    const drawn = this.#picture;
    if (drawn && Math.abs(nowMs - drawn.atMs) < goodForMs(this.#beatMs, drawn.costMs)) return drawn;
    const beganMs = performance.now();
    const nodes = new Map<string, { node: SwarmNode; text: string }>();
    for (const { lastSeenMs: _, ...peer } of overview.peers("hostname", 0).peers) {
      const color = index.get(peer.uuid)?.record.tags[COLOR_TAG] ?? null;
      const node = { ...peer, color };
      nodes.set(peer.uuid, { node, text: JSON.stringify(node) });
    }
    // A source that has left the fleet meanwhile is no node any more.
    const isDrawn = (end: string) => end === "server" || nodes.has(end);
    const all = book.list(nowMs).filter(({ from, to }) => isDrawn(from) && isDrawn(to));
    const flows = all.slice(0, MAX_FLOWS);
    const sizeBytes = all.reduce((sum, flow) => sum + flow.sizeBytes, 0);
    const flowsText = JSON.stringify(flows);
    const total = { flows: all.length, sizeBytes };
    const costMs = performance.now() - beganMs;
    this.#picture = { atMs: nowMs, costMs, nodes, flows, flowsText, total };
    return this.#picture;
  }
}

/** What is different; `undefined` if nothing is. */
function compare(before: Picture | undefined, after: Picture): SwarmGraphNews | undefined {
  const nodes = [...after.nodes.values()]
    .filter(({ node, text }) => before?.nodes.get(node.uuid)?.text !== text)
    .map(({ node }) => node);
  const gone = [...before?.nodes.keys() ?? []].filter((uuid) => !after.nodes.has(uuid));
  const areFlowsNews = before?.flowsText !== after.flowsText;
  if (before && nodes.length === 0 && gone.length === 0 && !areFlowsNews) return undefined;
  const flows = areFlowsNews ? { flows: [...after.flows] } : {};
  return { nodes, gone, ...flows, total: after.total };
}
