import type { Output } from "./output.ts";

/** How often the text is renewed, in ms. */
const INTERVAL_MS = 1000;

/** Shows what is waited for, and from the first second on for how long; gone when the work is done. */
export async function withProgress<Result>(
  output: Pick<Output, "progress" | "endProgress">,
  text: string,
  work: Promise<Result>,
): Promise<Result> {
  const startMs = performance.now();
  output.progress(`${text}…`);
  const timer = setInterval(() => {
    output.progress(`${text}… ${Math.round((performance.now() - startMs) / 1000)} s`);
  }, INTERVAL_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    output.endProgress(false);
  }
}
