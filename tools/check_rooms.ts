import { dirname, join, normalize } from "node:path";
import ts from "typescript";
import { listSourceFiles, PRODUCT_FOLDERS } from "./source_files.ts";

/** One import that crosses from a room to its sibling. */
interface Crossing {
  readonly file: string;
  readonly target: string;
}

/** Rooms of one folder and what each imports from the others. */
type Rooms = Map<string, Map<string, Crossing[]>>;

/** Code that only tests and the picture book of components see: it may look anywhere. */
const BESIDE_THE_PRODUCT =
  /(_test|_fixture|_stor(y|ies)|_suite|_contract)\.tsx?$|\/(fake_|stories\.)/;

/**
 * Whether the rooms of a tree can be read in an order: folders that lie side by side must not import each other in a
 * circle. A folder and what lies within it may, since they are one room.
 *
 * @param root the repository, or a tree laid out like it.
 * @returns a line per circle: the rooms, and the fewest imports that close it.
 */
export async function checkRooms(root: string): Promise<readonly string[]> {
  const levels = new Map<string, Rooms>();
  for (const file of await listSourceFiles(root, PRODUCT_FOLDERS)) {
    if (BESIDE_THE_PRODUCT.test(file)) continue;
    const { importedFiles } = ts.preProcessFile(await Deno.readTextFile(join(root, file)), true);
    for (const { fileName } of importedFiles) {
      if (fileName.startsWith(".")) note(levels, file, normalize(join(dirname(file), fileName)));
    }
  }
  return [...levels].sort().flatMap(([folder, rooms]) =>
    findCircles(rooms).map((circle) => describe(folder, circle, rooms))
  );
}

function note(levels: Map<string, Rooms>, file: string, target: string): void {
  const from = file.split("/");
  const to = target.split("/");
  let depth = 0;
  while (from[depth] === to[depth] && depth < from.length) depth += 1;
  // What lies directly in the common folder belongs to no room within it.
  if (depth >= from.length - 1 || depth >= to.length - 1) return;
  const rooms = getOrMake(levels, from.slice(0, depth).join("/"), (): Rooms => new Map());
  const imports = getOrMake(rooms, from[depth] ?? "", () => new Map<string, Crossing[]>());
  getOrMake<string, Crossing[]>(imports, to[depth] ?? "", () => []).push({ file, target });
}

/** Sets of rooms each of which reaches the others (Tarjan's strongly connected components with more than one member). */
function findCircles(rooms: Rooms): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const visit = (room: string): number => {
    const own = index.size;
    let lowest = own;
    index.set(room, own);
    low.set(room, own);
    stack.push(room);
    for (const next of rooms.get(room)?.keys() ?? []) {
      if (!index.has(next)) lowest = Math.min(lowest, visit(next));
      else if (stack.includes(next)) lowest = Math.min(lowest, index.get(next) ?? own);
    }
    low.set(room, lowest);
    if (lowest === own) {
      const circle = stack.splice(stack.indexOf(room));
      if (circle.length > 1) circles.push(circle.sort());
    }
    return lowest;
  };
  for (const room of rooms.keys()) if (!index.has(room)) visit(room);
  return circles;
}

function describe(folder: string, circle: readonly string[], rooms: Rooms): string {
  const crossings = circle.flatMap((room) =>
    circle.flatMap((other) =>
      rooms.get(room)?.get(other)?.length ? [rooms.get(room)?.get(other) ?? []] : []
    )
  ).sort((a, b) => a.length - b.length);
  const [weakest] = crossings[0] ?? [];
  const hint = weakest ? `, for one by ${weakest.file}, which imports ${weakest.target}` : "";
  return `${folder || "."}: the rooms ${circle.join(", ")} import each other in a circle${hint}`;
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
