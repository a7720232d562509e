import type { PropsWithChildren } from "hono/jsx";

/** A piece of a page that an event brings: where it goes, and whether it takes the place of what is there, fills it or follows it. */
export function Partial({ target, swap = "outerMorph", children }: PropsWithChildren<{
  /** An id of the page. */
  target: string;
  swap?: "outerMorph" | "innerHTML" | "beforeend";
}>) {
  return (
    <template hx="" type="partial" hx-target={`#${target}`} hx-swap={swap}>{children}</template>
  );
}
