import type { PropsWithChildren } from "hono/jsx";
import { AUTOMATIC_HEADER } from "../../../shared/rest/http_names.ts";

/** Sent with what a page asks by itself, so that a page which lies open keeps no session alive. */
const AUTOMATIC = JSON.stringify({ [AUTOMATIC_HEADER]: "1" });

/**
 * A part of a page that is asked for again and again and takes in what has changed, without touching what the reader has open,
 * selected or focused. The page itself is asked, so that nothing is written twice.
 */
export function Live({ id, url, everySeconds = 5, children }: PropsWithChildren<{
  /** Of this page alone. */
  id: string;
  url: URL;
  everySeconds?: number;
}>) {
  return (
    <div
      id={id}
      class="live"
      hx-get={url.pathname + url.search}
      hx-trigger={`every ${everySeconds}s`}
      hx-select={`#${id}`}
      hx-swap="outerMorph"
      hx-headers={AUTOMATIC}
    >
      {children}
    </div>
  );
}
