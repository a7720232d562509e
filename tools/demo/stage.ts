import { formatDuration } from "../../shared/terminal/duration.ts";
import { createStyle } from "../../shared/terminal/style.ts";

/** Tells the audience what is happening: one heading per capability, what it showed, and how long it took. */
export interface Stage {
  /** Runs one act; its heading appears at once, its time when it ends. */
  act<T>(capability: string, what: string, perform: (show: Show) => Promise<T>): Promise<T>;
  /** Prints text as it is. */
  say(text: string): void;
}

/** Prints one finding of the act under way. */
export type Show = (text: string) => void;

/** Where a stage prints, and how. */
export interface StageOptions {
  readonly acts: number;
  readonly isTerminal: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  write(text: string): void;
}

/** How often the clock beside a heading moves, in ms. */
const TICK_MS = 250;

/** A stage on a terminal or a pipe; a pipe gets no moving clock. */
export function createStage({ acts, isTerminal, env, write }: StageOptions): Stage {
  const style = createStyle({ isTerminal, env });
  let count = 0;
  return {
    say: (text) => write(`${text}\n`),
    act: async (capability, what, perform) => {
      count += 1;
      const heading = `${style.bold(`[${count}/${acts}] ${capability}`)}  ${what}`;
      const startedMs = performance.now();
      const elapsed = () => formatDuration(performance.now() - startedMs);
      let isClockShown = false;
      write(`\n${heading}\n`);
      const tick = isTerminal
        ? setInterval(() => {
          isClockShown = true;
          write(`\r\x1b[2K  … ${elapsed()}`);
        }, TICK_MS)
        : undefined;
      const wipe = () => {
        if (isClockShown) write("\r\x1b[2K");
        isClockShown = false;
      };
      try {
        const result = await perform((text) => {
          wipe();
          write(`${text.split("\n").map((line) => `  ${line}`).join("\n")}\n`);
        });
        wipe();
        write(`  ${style.green("✓")} ${elapsed()}\n`);
        return result;
      } finally {
        wipe();
        clearInterval(tick);
      }
    },
  };
}
