import { Button } from "./form.tsx";

/** Asks for envoys in the language of target specs. */
export function TargetFilter({ target, problem, kept = {}, isReadable = true }: {
  target: string;
  /** What is wrong with it. */
  problem?: string | undefined;
  /** Other parameters of the page that stay. */
  kept?: Readonly<Record<string, string>>;
  /** Whether the reader may ask for traits and tags at all. */
  isReadable?: boolean;
}) {
  if (!isReadable) return null;
  return (
    <form class="filter" role="search" aria-label="Filter by target">
      {Object.entries(kept).map(([name, value]) =>
        value === "" ? null : <input type="hidden" name={name} value={value} />
      )}
      <div class="field">
        <label for="filter-target">Target</label>
        <input
          id="filter-target"
          class="mono"
          type="search"
          name="target"
          value={target}
          maxlength={4096}
          placeholder="web-*, -web-2, os.distro=debian & tag:role=db"
          autocomplete="off"
          aria-invalid={problem ? "true" : undefined}
          aria-describedby={problem ? "filter-problem" : undefined}
        />
      </div>
      <Button kind="plain">Filter</Button>
      {problem && <p class="filter-problem" id="filter-problem" role="alert">{problem}</p>}
    </form>
  );
}
