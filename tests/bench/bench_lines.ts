import type { z } from "zod";

/** Commands as they come on the standard input of a benchmark's process, one JSON object per line. */
export async function* readCommands<Command extends z.ZodType>(
  schema: Command,
): AsyncGenerator<z.output<Command>> {
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
  let rest = "";
  for await (const text of lines) {
    const [...complete] = (rest + text).split("\n");
    rest = complete.pop() ?? "";
    for (const line of complete) yield schema.parse(JSON.parse(line));
  }
}

/** Answers the process that gave the command. */
export function answerLine(line: { readonly kind: string }): void {
  console.log(JSON.stringify(line));
}
