import assert from "node:assert/strict";
import fc from "fast-check";
import { layOutGraph } from "./lay_out_graph.ts";

Deno.test("each resource stands right of everything it depends on", () => {
  const { nodes, columns, rows } = layOutGraph([
    { id: "a", dependsOn: [] },
    { id: "b", dependsOn: ["a"] },
    { id: "c", dependsOn: ["a", "b", "a", "elsewhere"] },
    { id: "d", dependsOn: [] },
  ]);
  assert.deepEqual(
    nodes.map(({ id, column, row, after }) => [id, column, row, after.join()]),
    [["a", 0, 0, ""], ["d", 0, 1, ""], ["b", 1, 0, "a"], ["c", 2, 0, "a,b"]],
  );
  assert.deepEqual([columns, rows], [3, 2]);
  assert.deepEqual(layOutGraph([]), { nodes: [], columns: 0, rows: 0 });
});

Deno.test("whatever the graph, no two resources share a place, and no edge leads back", () => {
  const graph = fc.array(fc.array(fc.nat(30), { maxLength: 4 }), { maxLength: 30 });
  fc.assert(
    fc.property(graph, (edges) => {
      const given = edges.map((dependsOn, id) => ({
        id: String(id),
        dependsOn: dependsOn.map(String),
      }));
      const { nodes } = layOutGraph(given);
      const places = new Map(nodes.map((node) => [node.id, node]));
      assert.equal(new Set(nodes.map(({ column, row }) => `${column} ${row}`)).size, given.length);
      for (const { column, after } of nodes) {
        for (const id of after) assert.ok((places.get(id)?.column ?? Infinity) < column);
      }
    }),
    { seed: 7 },
  );
});
