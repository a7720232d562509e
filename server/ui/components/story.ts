import type { Child } from "hono/jsx";

/** How a component looks, in every state that matters. */
export interface Story {
  /** The file of the component without its ending. */
  readonly component: string;
  /** When to use it, in a sentence. */
  readonly use: string;
  readonly cases: readonly { readonly name: string; readonly show: () => Child }[];
}

/** The moment in which stories take place. */
export const STORY_NOW_MS = Date.UTC(2026, 2, 13, 12, 30);
/** Words that machines and people could choose, and that must not act, hide or break anything. */
export const HOSTILE =
  `"><img src=x onerror=alert(1)><script>alert(2)</script>\u202etxt.exe\u200b\x1b[31m`;
export const LONG = `db-${"very-".repeat(24)}long.example.com`;
