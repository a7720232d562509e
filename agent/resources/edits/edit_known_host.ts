import { createHmac } from "node:crypto";
import type { SshKnownHostParams } from "../../../shared/config/resources/ssh_known_host.ts";
import { type Edited, joinLines, replaceLines, splitLines } from "./text_lines.ts";

/**
 * Sees to it that a host and its aliases are known by a key, or not known. Of the keys of a host only those of the same
 * type are replaced. Names that are hashed are recognised; lines with marks (`@revoked`) and patterns stay as they are.
 */
export function editKnownHost(text: string, params: SshKnownHostParams): Edited {
  const names = [params.host, ...params.aliases];
  const isWanted = params.ensure === "present";
  const goes = (entry: Entry) =>
    isWanted
      ? entry.key !== params.key && entry.type === params.key.split(" ")[0]
      : params.key === undefined || entry.key === params.key;
  const known = new Set<string>();
  const lines = splitLines(text).flatMap((line) => {
    const entry = readEntry(line.text);
    if (entry === undefined) return [line];
    const ours = names.filter((name) => entry.names.some((written) => isName(written, name)));
    if (isWanted && entry.key === params.key) { for (const name of ours) known.add(name); }
    if (ours.length === 0 || !goes(entry)) return [line];
    const left = entry.names.filter((written) => !ours.some((name) => isName(written, name)));
    return left.length === 0 ? [] : [{ ...line, text: left.join(",") + entry.rest }];
  });
  const missing = names.filter((name) => !known.has(name));
  if (!isWanted || missing.length === 0) return { ok: true, text: joinLines(lines) };
  const added = `${[...new Set(missing)].join(",")} ${params.key}`;
  return { ok: true, text: joinLines(replaceLines(lines, lines.length, 0, [added])) };
}

interface Entry {
  readonly names: readonly string[];
  /** `ssh-ed25519 AAAA…` */
  readonly key: string;
  readonly type: string;
  /** Everything behind the names. */
  readonly rest: string;
}

function readEntry(text: string): Entry | undefined {
  const [, names, rest, type, blob] = /^([^\s#@]\S*)(\s+(\S+)\s+(\S+).*)$/.exec(text) ?? [];
  if (names === undefined || rest === undefined || type === undefined) return undefined;
  return { names: names.split(","), key: `${type} ${blob}`, type, rest };
}

/** `|1|salt|hash`: HMAC-SHA1 of the name with the salt as its key, as ssh-keygen(1) -H writes it. Case does not count. */
function isName(written: string, name: string): boolean {
  const lower = name.toLowerCase();
  const [, salt, hash] = /^\|1\|([^|]+)\|([^|]+)$/.exec(written) ?? [];
  if (salt === undefined) return written.toLowerCase() === lower;
  return createHmac("sha1", new Uint8Array(base64Bytes(salt))).update(lower).digest("base64") ===
    hash;
}

function base64Bytes(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return new Uint8Array();
  }
}
