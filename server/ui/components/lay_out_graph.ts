/** A resource in its place: columns go from what comes first to what comes last. */
export interface LaidOut {
  readonly id: string;
  readonly column: number;
  readonly row: number;
  /** What it depends on, as far as it is in the graph. */
  readonly after: readonly string[];
}

/** A graph in columns and rows. */
export interface GraphLayout {
  readonly nodes: readonly LaidOut[];
  readonly columns: number;
  readonly rows: number;
}

/**
 * Puts each node one column right of the last thing it depends on. In a column nodes stand as high as what they depend on, so
 * that edges seldom cross; whatever depends on nothing keeps the order it came in.
 *
 * @param nodes in an order in which each comes after what it depends on, as runs have them; an edge that does not is left out.
 */
export function layOutGraph(
  nodes: readonly { readonly id: string; readonly dependsOn: readonly string[] }[],
): GraphLayout {
  const columnOf = new Map<string, number>();
  const columns: { id: string; after: string[] }[][] = [];
  for (const { id, dependsOn } of nodes) {
    const after = [...new Set(dependsOn)].filter((one) => columnOf.has(one));
    const column = Math.max(-1, ...after.map((one) => columnOf.get(one) ?? -1)) + 1;
    columnOf.set(id, column);
    (columns[column] ??= []).push({ id, after });
  }
  const rowOf = new Map<string, number>();
  const laidOut: LaidOut[] = [];
  for (const [column, members] of columns.entries()) {
    const height = (after: readonly string[]) =>
      after.reduce((sum, id) => sum + (rowOf.get(id) ?? 0), 0) / Math.max(1, after.length);
    members.map((member, at) => ({ ...member, at, height: height(member.after) }))
      .sort((one, other) =>
        column === 0 ? one.at - other.at : one.height - other.height || one.at - other.at
      )
      .forEach(({ id, after }, row) => {
        rowOf.set(id, row);
        laidOut.push({ id, column, row, after });
      });
  }
  return {
    nodes: laidOut,
    columns: columns.length,
    rows: Math.max(0, ...columns.map((members) => members.length)),
  };
}
