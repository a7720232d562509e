import type { Child, PropsWithChildren } from "hono/jsx";

/** A part of a page under a heading of its own. */
export function Panel({ title, id, note, tools, children }: PropsWithChildren<{
  title: string;
  id?: string;
  note?: Child;
  tools?: Child;
}>) {
  return (
    <section class="panel" id={id} aria-label={title}>
      <header class="panel-head">
        <h2>{title}</h2>
        {note && <span class="quiet">{note}</span>}
        {tools && <div class="panel-tools">{tools}</div>}
      </header>
      {children}
    </section>
  );
}

/** Names with their values. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: Child])[] }) {
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** One number that matters, which may lead to what it counts. */
export function Figure({ label, value, note, href, kind }: {
  label: string;
  value: Child;
  note?: Child;
  href?: string;
  kind?: "ok" | "busy" | "warn" | "bad" | "none";
}) {
  const inside = (
    <>
      <span class="figure-label">{label}</span>
      <span class="figure-value">{value}</span>
      {note && <span class="figure-note">{note}</span>}
    </>
  );
  const classes = kind === undefined ? "figure" : `figure ${kind}`;
  return href === undefined
    ? <div class={classes}>{inside}</div>
    : <a class={classes} href={href}>{inside}</a>;
}

/** Figures beside each other. */
export function Figures({ children }: PropsWithChildren) {
  return <div class="figures">{children}</div>;
}
