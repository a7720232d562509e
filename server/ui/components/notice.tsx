import type { Child, PropsWithChildren } from "hono/jsx";

/** What the reader must know before going on. */
export function Notice(
  { kind, children }: PropsWithChildren<{ kind: "good" | "warn" | "bad" | "info" }>,
) {
  return <div class={`notice ${kind}`} role={kind === "bad" ? "alert" : "status"}>{children}</div>;
}

/** A list without rows: why, and what to do next. */
export function Empty({ title, children }: { title: string; children?: Child }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children && <div class="empty-next">{children}</div>}
    </div>
  );
}
