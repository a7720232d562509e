import { sanitizeLines } from "../../../shared/terminal/sanitize.ts";

/** A unified diff, line by line; what is no diff is shown as it is. */
export function Diff({ text, label }: { text: string; label: string }) {
  const lines = sanitizeLines(text.replace(/\n$/, "")).split("\n");
  return (
    <pre class="diff" tabindex={0} role="region" aria-label={label} dir="ltr">
      {lines.map((line) => <span class={kindOf(line)}>{line === "" ? " " : line}</span>)}
    </pre>
  );
}

function kindOf(line: string): string | undefined {
  if (line.startsWith("@@") || line.startsWith("---") || line.startsWith("+++")) return "hunk";
  if (line.startsWith("+")) return "add";
  return line.startsWith("-") ? "del" : undefined;
}
