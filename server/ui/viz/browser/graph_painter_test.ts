import assert from "node:assert/strict";
import { GraphPainter } from "./graph_painter.js";

/** A canvas that remembers the words that are written on it, and draws nothing. */
function canvasOf(written: string[]): HTMLCanvasElement {
  const context = new Proxy({}, {
    get: (_, name) => {
      if (name === "fillText") return (text: string) => void written.push(text);
      if (name === "measureText") return (text: string) => ({ width: text.length * 7 });
      return () => {};
    },
    set: () => true,
  });
  // Of a canvas the painter uses its context and its size.
  return { getContext: () => context, width: 0, height: 0 } as unknown as HTMLCanvasElement;
}

/** The names that stand in a picture of nodes in a row. */
function namesOf(
  nodes: readonly { readonly isActive: boolean }[],
  { zoom = 1, chosen }: { readonly zoom?: number; readonly chosen?: string } = {},
): string[] {
  const written: string[] = [];
  new GraphPainter(canvasOf(written), canvasOf([])).paint({
    nodes: nodes.map(({ isActive }, at) => ({
      id: `id-${at}`,
      name: `web-${at}`,
      color: "#000",
      isOnline: true,
      isActive,
      isSeeding: false,
      isDownloading: false,
      isServer: false,
      weight: 1,
      body: { x: at * 100, y: 0, radius: 5 },
    })),
    flows: [],
    camera: { x: 0, y: 0, zoom } as Parameters<GraphPainter["paint"]>[0]["camera"],
    scheme: { isDark: false, ink: "", soft: "", line: "", sheet: "", sunk: "" },
    width: 1_000,
    height: 500,
    ratio: 1,
    chosen,
  }, false);
  return written;
}

const idle = (count: number) => Array.from({ length: count }, () => ({ isActive: false }));

Deno.test("among many who do nothing, names stand only where one looks closely, and of whoever is meant", () => {
  assert.deepEqual(namesOf(idle(1_000)), []);
  assert.deepEqual(namesOf(idle(1_000), { chosen: "id-3" }), ["web-3"]);
  assert.ok(namesOf(idle(1_000), { zoom: 2 }).length > 0);
  assert.ok(namesOf(idle(20)).length > 0);
});

Deno.test("whoever does something among many has a name", () => {
  assert.deepEqual(namesOf(idle(1_000).with(2, { isActive: true })), ["web-2"]);
});
