import { isSha256 } from "../crypto/sha256.ts";

/** Where announcements go: a link-local group, so no router passes them on. */
export const ANNOUNCE_GROUP = "224.0.0.42";
export const ANNOUNCE_PORT = 1531;
/** Largest datagram: it fits into one Ethernet frame with room for tunnels. */
export const MAX_DATAGRAM_BYTES = 1400;

/** A random name that an engine gets at each start, 16 lowercase hex digits. */
export const INSTANCE_ID = /^[0-9a-f]{16}$/;

/** One fact of an announcement. All of them are hints: they can cause a connection, never a change of state. */
export type AnnounceLine =
  | { readonly kind: "addr"; readonly address: string; readonly port: number }
  | {
    readonly kind: "have";
    readonly sha256: string;
    readonly have: number;
    readonly total: number;
  }
  | { readonly kind: "want"; readonly sha256: string }
  | { readonly kind: "manifest"; readonly digest: string }
  | { readonly kind: "revoke"; readonly sha256: string };

export interface Announcement {
  readonly instance: string;
  readonly lines: readonly AnnounceLine[];
}

/**
 * Packs lines into datagrams in the order given. The header and the `ADDR` and `MANIFEST` lines stand in each of them,
 * since any one of them may be the only one that arrives.
 */
export function encodeAnnouncements(
  { instance, lines }: Announcement,
  maxDatagrams: number,
): Uint8Array<ArrayBuffer>[] {
  const always = lines.filter(({ kind }) => kind === "addr" || kind === "manifest");
  const rest = lines.filter(({ kind }) => kind !== "addr" && kind !== "manifest");
  const head = [`VIGO1 ${instance}`, ...always.map(formatLine)].map((line) => `${line}\n`).join("");
  const texts = [head];
  for (const line of rest) {
    const text = `${formatLine(line)}\n`;
    const last = texts.at(-1) ?? "";
    if (last.length + text.length <= MAX_DATAGRAM_BYTES) texts[texts.length - 1] = last + text;
    else if (texts.length < maxDatagrams) texts.push(head + text);
    else break;
  }
  return texts.map((text) => new TextEncoder().encode(text));
}

/**
 * Reads a datagram. Lines of kinds that are not known are passed over, so that later versions can say more; anything
 * malformed makes the whole datagram worthless.
 */
export function parseAnnouncement(datagram: Uint8Array): Announcement | undefined {
  if (datagram.length > MAX_DATAGRAM_BYTES) return undefined;
  const text = /^[\x20-\x7e\n]*$/.exec(new TextDecoder("latin1").decode(datagram))?.[0];
  const [header, ...rest] = text?.split("\n") ?? [];
  const instance = header?.startsWith("VIGO1 ") ? header.slice("VIGO1 ".length) : undefined;
  if (instance === undefined || !INSTANCE_ID.test(instance) || rest.pop() !== "") return undefined;
  const lines: AnnounceLine[] = [];
  for (const source of rest) {
    const line = parseLine(source);
    if (line === "malformed") return undefined;
    if (line !== "unknown") lines.push(line);
  }
  return { instance, lines };
}

function formatLine(line: AnnounceLine): string {
  switch (line.kind) {
    case "addr":
      return `ADDR ${line.address}:${line.port}`;
    case "have":
      return `HAVE ${line.sha256} ${line.have}/${line.total}`;
    case "want":
      return `WANT ${line.sha256}`;
    case "manifest":
      return `MANIFEST ${line.digest}`;
    case "revoke":
      return `REVOKE ${line.sha256}`;
  }
}

function parseLine(source: string): AnnounceLine | "unknown" | "malformed" {
  const [keyword, first = "", ...others] = source.split(" ");
  switch (keyword) {
    case "ADDR": {
      const endpoint = parseEndpoint(first);
      return endpoint && others.length === 0 ? { kind: "addr", ...endpoint } : "malformed";
    }
    case "HAVE": {
      const counts = /^(\d{1,7})\/(\d{1,7})$/.exec(others[0] ?? "");
      const have = Number(counts?.[1]);
      const total = Number(counts?.[2]);
      if (!counts || others.length !== 1 || have > total || !isSha256(first)) return "malformed";
      return { kind: "have", sha256: first, have, total };
    }
    case "WANT":
    case "REVOKE":
      if (!isSha256(first) || others.length > 0) return "malformed";
      return { kind: keyword === "WANT" ? "want" : "revoke", sha256: first };
    case "MANIFEST":
      return isSha256(first) && others.length === 0
        ? { kind: "manifest", digest: first }
        : "malformed";
    default:
      return "unknown";
  }
}

/** Reads `<IPv4 address>:<port>`. */
export function parseEndpoint(
  text: string,
): { readonly address: string; readonly port: number } | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3}):(\d{1,5})$/.exec(text);
  if (!match) return undefined;
  const [first, second, third, fourth, port] = match.slice(1).map(Number);
  if ([first, second, third, fourth].some((octet) => octet === undefined || octet > 255)) {
    return undefined;
  }
  if (port === undefined || port < 1 || port > 65_535) return undefined;
  return { address: `${first}.${second}.${third}.${fourth}`, port };
}
