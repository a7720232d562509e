/** Longest answer that is read, in bytes: more is no yes. */
const MAX_ANSWER_BYTES = 64;

/** Whether an answer that somebody typed means yes. Anything else, also nothing, means no. */
export function isYes(answer: string): boolean {
  return /^\s*y(es)?\s*$/i.test(answer);
}

/** Asks a question on the terminal. The end of the input is a no. */
export async function askToConfirm(
  question: string,
  writeError: (text: string) => void,
): Promise<boolean> {
  writeError(`${question} [y/N] `);
  const buffer = new Uint8Array(MAX_ANSWER_BYTES);
  const size = await Deno.stdin.read(buffer);
  if (size === null) writeError("\n");
  return size !== null && isYes(new TextDecoder().decode(buffer.subarray(0, size)));
}
