/** What decides about colors. */
export interface ColorSettings {
  /** Whether the stream that is written to is a terminal. */
  readonly isTerminal: boolean;
  /** `--no-color` was given. */
  readonly noColor?: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Functions that dress text in color, or return it as it is. The text must be safe already (`sanitize`). */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

/**
 * Whether to write colors: never with `--no-color` or a non-empty `NO_COLOR` (https://no-color.org), always with a
 * `FORCE_COLOR` other than 0, and otherwise on a terminal that is not `dumb`.
 */
export function wantsColor({ isTerminal, noColor = false, env }: ColorSettings): boolean {
  if (noColor || env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== "0";
  return isTerminal && env.TERM !== "dumb";
}

export function createStyle(settings: ColorSettings): Style {
  const isColored = wantsColor(settings);
  // ECMA-48, 8.3.117: each attribute with the one that ends it alone, so that styles nest.
  const dress = (on: number, off: number) => (text: string) =>
    isColored && text !== "" ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  return {
    bold: dress(1, 22),
    dim: dress(2, 22),
    red: dress(31, 39),
    green: dress(32, 39),
    yellow: dress(33, 39),
    cyan: dress(36, 39),
  };
}
