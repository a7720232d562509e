import type { Json } from "../../../shared/canonical/canonical_json.ts";
import { sanitize } from "../../../shared/terminal/sanitize.ts";
import { filterTree } from "./filter_tree.ts";

/** Most values shown at once; a search finds the others. */
const MAX_LEAVES = 2_000;
/** Longest value shown, in characters. */
const MAX_VALUE = 400;

/** Data of any depth as a tree that folds, and that a text searches by names and values. */
export function Tree({ data, id, search, label }: {
  data: { readonly [name: string]: Json };
  id: string;
  /** What is looked for; all of it if empty. */
  search: string;
  label: string;
}) {
  const { found, leftOut } = filterTree(data, search, MAX_LEAVES);
  const names = Object.keys(found).sort();
  if (names.length === 0) {
    return <p class="quiet">{search === "" ? "Nothing is known yet." : "Nothing fits."}</p>;
  }
  return (
    <>
      <ul class="tree" id={id} aria-label={label}>
        {names.map((name) => (
          <Branch name={name} value={found[name] ?? null} isOpen={search !== ""} />
        ))}
      </ul>
      {leftOut > 0 && <p class="quiet">{leftOut} more values; search for what you need.</p>}
    </>
  );
}

function Branch({ name, value, isOpen }: { name: string; value: Json; isOpen: boolean }) {
  if (typeof value !== "object" || value === null) {
    return (
      <li class="leaf">
        <span class="name">{sanitize(name)}</span>
        <span class="value">{writeValue(value)}</span>
      </li>
    );
  }
  const members = Array.isArray(value)
    ? value.map((one, at) => [String(at), one] as const)
    : Object.entries(value);
  return (
    <li>
      <details open={isOpen}>
        <summary>
          <span class="name">{sanitize(name)}</span> <span class="quiet">{members.length}</span>
        </summary>
        <ul>
          {members.map(([one, below]) => <Branch name={one} value={below} isOpen={isOpen} />)}
        </ul>
      </details>
    </li>
  );
}

function writeValue(value: Json): string {
  const text = sanitize(typeof value === "string" ? value : JSON.stringify(value));
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;
}
