import { stripVTControlCharacters } from "node:util";

/** When the output of a run is shown: as it comes, together at its end, or not at all. */
export type OutputMode = "live" | "after" | "never";

/** Where a child has to write for `showOutput`. */
export function outputPipes(mode: OutputMode): Pick<Deno.CommandOptions, "stdout" | "stderr"> {
  const pipe = mode === "never" ? "null" : "piped";
  return { stdout: pipe, stderr: pipe };
}

/**
 * Copies what a child prints, and looks for the words of a runtime that crashed.
 *
 * @param hasDots whether the dots of the dot reporter are left out, which fill a line each where there is no terminal.
 * @returns the line of the crash, if there is one.
 */
export async function showOutput(
  child: Deno.ChildProcess,
  mode: OutputMode,
  hasDots: boolean,
): Promise<string | undefined> {
  if (mode === "never") return undefined;
  const lines: string[] = [];
  let crash: string | undefined;
  const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const line of linesOf(stream)) {
      crash ??= findRuntimeCrash(line);
      if (hasDots && stripVTControlCharacters(line).length <= 1) continue;
      if (mode === "live") await print(`${line}\n`);
      else lines.push(line);
    }
  };
  await Promise.all([read(child.stdout), read(child.stderr)]);
  if (lines.length > 0) await print(`${lines.join("\n")}\n`);
  return crash;
}

/** The words of a JavaScript runtime that crashed by itself, if a line holds them. */
export function findRuntimeCrash(line: string): string | undefined {
  return /Deno has panicked|^.*\bdeno: .*: Assertion `.*' failed\.|# Fatal error in |libc\+\+ Hardening assertion /
    .exec(stripVTControlCharacters(line))?.[0];
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

async function print(text: string): Promise<void> {
  let rest = new TextEncoder().encode(text);
  while (rest.length > 0) rest = rest.subarray(await Deno.stdout.write(rest));
}
