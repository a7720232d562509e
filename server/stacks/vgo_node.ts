import type { Place } from "./problem_list.ts";

/** One value of a `.vgo` file with its place: the part of YAML that stacks use, without aliases, anchors and tags. */
export type VgoNode = VgoScalar | VgoList | VgoMap | VgoUnreadable;

/** A value that is wrong as YAML. It has been reported, so nobody needs to say that something else was expected. */
export interface VgoUnreadable {
  readonly kind: "unreadable";
  readonly place: Place;
}

export interface VgoScalar {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
  /** As it was written, for messages: `0644` and not 420. */
  readonly written: string;
  readonly place: Place;
  /** Where the character at `offset` of a text value stands in the file. */
  placeAt(offset: number): Place;
}

export interface VgoList {
  readonly kind: "list";
  readonly items: readonly VgoNode[];
  readonly place: Place;
}

export interface VgoMap {
  readonly kind: "map";
  /** In file order, each key once. */
  readonly entries: readonly VgoEntry[];
  readonly place: Place;
}

export interface VgoEntry {
  readonly key: string;
  readonly keyPlace: Place;
  readonly value: VgoNode;
}

/** What a value is, in the words of an error message. */
export function describeNode(node: VgoNode): string {
  if (node.kind === "unreadable") return "what cannot be read";
  if (node.kind === "list") return "a list";
  if (node.kind === "map") return "a map";
  if (node.value === null) return "nothing";
  return node.written.length > 60
    ? `${typeof node.value} ${JSON.stringify(node.written.slice(0, 60))}…`
    : `${typeof node.value} ${JSON.stringify(node.written)}`;
}
