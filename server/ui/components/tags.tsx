import { Word } from "./text.tsx";

/** The tags of an envoy. */
export function Tags({ tags }: { tags: Readonly<Record<string, string>> }) {
  const names = Object.keys(tags).sort();
  if (names.length === 0) return <span class="quiet">no tags</span>;
  return (
    <span class="tags">
      {names.map((name) => (
        <span class="tag">
          <Word>{tags[name] === "" ? name : `${name}=${tags[name]}`}</Word>
        </span>
      ))}
    </span>
  );
}
