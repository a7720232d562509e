import { encodeFrame } from "../../shared/canonical/frame.ts";
import { type Sha256, sha256, sha256Hex } from "../../shared/crypto/sha256.ts";
import type { StackFile } from "../stacks/load_stacks.ts";
import { compareText } from "../stacks/problem_list.ts";

const TAG = "vigo.config_version.v1";

/**
 * The name of a version of the stacks: SHA-256 over the version of the compiler and path and content of each file. The same
 * name means the same policy for the same traits, whoever published it and when.
 */
export function configVersion(files: Iterable<StackFile>, compilerVersion: number): Sha256 {
  const sorted = [...files].sort((a, b) => compareText(a.path, b.path));
  const fields = sorted.flatMap(({ path, bytes }) => [path, sha256(bytes)]);
  return sha256Hex(encodeFrame(TAG, [BigInt(compilerVersion), ...fields]));
}
