import { createTwoFilesPatch } from "diff";
import { sha256Hex } from "../../shared/crypto/sha256.ts";

/** Longest text that is compared line by line; a diff of more would not be read, and takes long to make. */
export const MAX_DIFFED_BYTES = 256 * 1024;
/** Most lines added and removed; beyond that two texts have little in common. */
const MAX_EDITS = 2_000;

/**
 * A unified diff of two contents, in which `undefined` is a file that is not there. What is not text, or too large or
 * too different to be compared, is summed up by size and hash.
 */
export function diffContent(
  path: string,
  before: Uint8Array | undefined,
  after: Uint8Array | undefined,
): string {
  const oldText = before === undefined ? "" : decodeText(before);
  const newText = after === undefined ? "" : decodeText(after);
  if (oldText !== undefined && newText !== undefined) {
    const patch = createTwoFilesPatch(
      before === undefined ? "/dev/null" : path,
      after === undefined ? "/dev/null" : path,
      oldText,
      newText,
      undefined,
      undefined,
      { context: 3, maxEditLength: MAX_EDITS, headerOptions: FILE_HEADERS_ONLY },
    );
    // Only the last line end goes: a context line may be blank.
    if (patch !== undefined) return patch.replace(/\n$/, "");
  }
  return `${path}: ${summarise(before)} → ${summarise(after)}`;
}

const FILE_HEADERS_ONLY = {
  includeIndex: false,
  includeUnderline: false,
  includeFileHeaders: true,
};

/** Size and start of the hash: enough to tell two contents apart. */
function summarise(content: Uint8Array | undefined): string {
  if (content === undefined) return "absent";
  return `${content.length} bytes, sha256 ${sha256Hex(content).slice(0, 16)}`;
}

function decodeText(content: Uint8Array): string | undefined {
  if (content.length > MAX_DIFFED_BYTES || content.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    return undefined;
  }
}
