import { jsonText } from "../../shared/terminal/json_text.ts";
import { createStyle, type Style } from "../../shared/terminal/style.ts";
import { fitScreen, type ScreenSize } from "./screen.ts";

/** Where a command's answer goes. Errors and progress go to standard error, so that output can be piped. */
export interface Output {
  /** True if people look at standard output, so that colour and live redrawing make sense. */
  readonly isTerminal: boolean;
  /** Width of the terminal in columns; absent when there is none. */
  readonly columns?: number;
  /** Colours for standard output, where it shows them. */
  readonly style: Style;
  /** Writes text and a newline to standard output. */
  line(text: string): void;
  /** Writes a value as indented JSON to standard output. */
  json(value: unknown): void;
  /** Replaces the current progress text on standard error; only the last one on a pipe. */
  progress(text: string): void;
  /** Ends the progress text: leaves it when `keep`, wipes it otherwise. */
  endProgress(keep: boolean): void;
  /** A remark for people, on standard error. */
  note(text: string): void;
}

/** The streams behind an output. */
export interface OutputStreams {
  write(text: string): void;
  writeError(text: string): void;
  readonly isTerminal: boolean;
  readonly isErrorTerminal: boolean;
  readonly columns?: number;
  /** The terminal of standard error, where progress is drawn. */
  readonly screen?: ScreenSize;
  /** Plain text by default. */
  readonly style?: Style;
}

const PLAIN = createStyle({ isTerminal: false, env: {} });

/** Wipes the line and returns to its start (ECMA-48: EL, CR); cursor up is CSI A. */
const WIPE = "\r\x1b[2K";

/** An output over two streams. */
export function createOutput(streams: OutputStreams): Output {
  let shown: string | undefined;
  const wipe = () => {
    if (shown === undefined || !streams.isErrorTerminal) return;
    const rows = shown.split("\n").length;
    streams.writeError(WIPE + "\x1b[A\x1b[2K".repeat(rows - 1));
  };
  return {
    isTerminal: streams.isTerminal,
    style: streams.style ?? PLAIN,
    ...(streams.columns === undefined ? {} : { columns: streams.columns }),
    line: (text) => streams.write(`${text}\n`),
    json: (value) => streams.write(jsonText(value)),
    note: (text) => streams.writeError(`${text}\n`),
    progress: (text) => {
      wipe();
      shown = streams.screen ? fitScreen(text, streams.screen) : text;
      if (streams.isErrorTerminal) streams.writeError(shown);
    },
    endProgress: (keep) => {
      if (shown === undefined) return;
      if (!streams.isErrorTerminal) {
        if (keep) streams.writeError(`${shown}\n`);
      } else if (keep) streams.writeError("\n");
      else wipe();
      shown = undefined;
    },
  };
}
