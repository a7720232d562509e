import type { Child } from "hono/jsx";

/** How something is: each kind has a colour and a shape of its own, so that no meaning hangs on the colour. */
export const STATUS_KINDS = ["ok", "busy", "warn", "bad", "none"] as const;
export type StatusKind = typeof STATUS_KINDS[number];

const SHAPES: Readonly<Record<StatusKind, string>> = {
  ok: "M6 1.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9Z",
  busy: "M6 1.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9Zm0 1.4v6.2a3.1 3.1 0 0 1 0-6.2Z",
  warn: "M6 1.2 11.4 10.8H.6Z",
  bad: "M1.8 1.8h8.4v8.4H1.8Z",
  none: "M6 1.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9Zm0 1.5a3 3 0 1 0 0 6 3 3 0 0 0 0-6Z",
};

/** A state in a word. */
export function Status({ kind, children, title }: {
  kind: StatusKind;
  children: Child;
  title?: string;
}) {
  return (
    <span class={`status ${kind}`} title={title}>
      <svg viewBox="0 0 12 12" aria-hidden="true">
        <path d={SHAPES[kind]} />
      </svg>
      {children}
    </span>
  );
}
