import { sanitize, sanitizeLines } from "../../../shared/terminal/sanitize.ts";

/**
 * A word that a machine or a person chose: a hostname, a tag, a label. Characters that act instead of being shown are written
 * out, and its direction cannot turn what stands around it.
 */
export function Word({ children, mono = false }: { children: string; mono?: boolean }) {
  return <bdi class={mono ? "word mono" : "word"}>{sanitize(children)}</bdi>;
}

/** A hash or an id, shortened; whole on hover and for whoever copies. */
export function ShortId({ id, length = 12 }: { id: string; length?: number }) {
  const text = sanitize(id);
  return <code class="id" title={text}>{text.slice(0, length)}</code>;
}

/** Lines of output or of a file, as they are. */
export function Lines({ text, label }: { text: string; label: string }) {
  return (
    <pre
      class="lines"
      tabindex={0}
      role="region"
      aria-label={label}
      dir="ltr"
    >{sanitizeLines(text)}</pre>
  );
}

/** A command to copy. */
export function Command({ children }: { children: string }) {
  return <code class="command">{children}</code>;
}
