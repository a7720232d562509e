import type { SshAuthorizedKeyParams } from "../../../shared/config/resources/ssh_authorized_key.ts";
import { keyOfLine } from "../../../shared/config/resources/ssh_key.ts";
import { type Edited, joinLines, removeLines, replaceLines, splitLines } from "./text_lines.ts";

/** Sees to it that a key stands in one line with these options, or in none. Comments and other keys stay. */
export function editAuthorizedKey(text: string, params: SshAuthorizedKeyParams): Edited {
  const lines = splitLines(text);
  const key = keyOfLine(params.key);
  const isKey = (line: { readonly text: string }) => keyOfLine(line.text) === key;
  if (params.ensure === "absent") return { ok: true, text: joinLines(removeLines(lines, isKey)) };
  const first = lines.findIndex(isKey);
  if (first === -1) {
    return { ok: true, text: joinLines(replaceLines(lines, lines.length, 0, [params.key])) };
  }
  const once = removeLines(lines, (line, index) => index !== first && isKey(line));
  return {
    ok: true,
    text: joinLines(once.map((line) => isKey(line) ? { ...line, text: params.key } : line)),
  };
}
