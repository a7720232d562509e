import assert from "node:assert/strict";
import fc from "fast-check";
import { GraphLayout } from "./graph_layout.js";

const nodesOf = (count: number, radius = 6) =>
  Array.from({ length: count }, (_, at) => ({ id: `node-${at}`, radius }));

function settled(
  nodes: { id: string; radius: number }[],
  flows: { from: string; to: string }[] = [],
) {
  const layout = new GraphLayout();
  layout.setNodes(nodes);
  layout.setFlows(flows);
  layout.settle();
  return layout;
}

const places = (layout: GraphLayout) =>
  [...layout.bodies.values()].map(({ id, x, y }) => [id, x, y]);

Deno.test("the same events give the same picture", () => {
  const flows = [{ from: "node-0", to: "node-7" }];
  assert.deepEqual(places(settled(nodesOf(50), flows)), places(settled(nodesOf(50), flows)));
});

Deno.test("at rest no two nodes cover each other, whatever their sizes", () => {
  const sizes = fc.array(fc.integer({ min: 3, max: 22 }), { minLength: 1, maxLength: 120 });
  fc.assert(
    fc.property(sizes, (radii) => {
      const layout = settled(radii.map((radius, at) => ({ id: `n${at}`, radius })));
      const bodies = [...layout.bodies.values()];
      for (const [at, one] of bodies.entries()) {
        for (const other of bodies.slice(at + 1)) {
          const distance = Math.hypot(one.x - other.x, one.y - other.y);
          assert(distance > one.radius + other.radius, `${distance} between ${one.id} ${other.id}`);
        }
      }
    }),
    { numRuns: 20, seed: 7 },
  );
});

Deno.test("who gives to whom stands nearer than strangers do", () => {
  const pairs = Array.from({ length: 5 }, (_, at) => ({ from: "node-0", to: `node-${at + 1}` }));
  const layout = settled(nodesOf(200), pairs);
  const hub = layout.bodies.get("node-0");
  assert(hub);
  const distance = (id: string) => {
    const body = layout.bodies.get(id);
    return body ? Math.hypot(body.x - hub.x, body.y - hub.y) : NaN;
  };
  const near = pairs.reduce((sum, { to }) => sum + distance(to), 0) / pairs.length;
  const all = nodesOf(200).reduce((sum, { id }) => sum + distance(id), 0) / 199;
  assert(near < all * 0.6, `${near} and ${all}`);
});

Deno.test("a node that comes or goes leaves the others about where they are, and rest comes again", () => {
  const layout = settled(nodesOf(100));
  const before = new Map(places(layout).map(([id, x, y]) => [id, [Number(x), Number(y)]]));
  layout.setNodes(nodesOf(101));
  assert.equal(layout.isAtRest, false);
  layout.settle();
  const moved = places(layout).flatMap(([id, x, y]) => {
    const [oldX, oldY] = before.get(id) ?? [];
    return oldX === undefined || oldY === undefined
      ? []
      : [Math.hypot(Number(x) - oldX, Number(y) - oldY)];
  });
  assert(moved.reduce((sum, way) => sum + way, 0) / moved.length < 20);
  layout.setNodes(nodesOf(40));
  assert.equal(layout.bodies.size, 40);
});

Deno.test("nothing that has not changed disturbs a picture at rest", () => {
  const layout = settled(nodesOf(10), [{ from: "node-0", to: "node-1" }]);
  layout.setNodes(nodesOf(10));
  layout.setFlows([{ from: "node-0", to: "node-1" }]);
  assert(layout.isAtRest);
});

Deno.test("a flow of a node that is not there, or to itself, is left out", () => {
  const layout = settled(nodesOf(2), [{ from: "gone", to: "node-1" }, {
    from: "node-0",
    to: "node-0",
  }]);
  assert.equal(layout.bodies.get("node-0")?.flows, 0);
});
