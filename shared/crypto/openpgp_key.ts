import { createHash } from "node:crypto";

/** Largest key material that is looked at: Debian's whole keyring has about 100 KiB. */
export const MAX_OPENPGP_BYTES = 1024 * 1024;
/** Most packets of one file; a key with many signatures has some hundred. */
const MAX_PACKETS = 20_000;

const FIRST_LINE = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
const LAST_LINE = "-----END PGP PUBLIC KEY BLOCK-----";

const PUBLIC_KEY_TAG = 6;
/** Packets that only a private key has; they have no place in a policy. */
const SECRET_KEY_TAGS: ReadonlySet<number> = new Set([5, 7]);

export type OpenPgpKeys =
  /** Fingerprints of the primary keys in upper-case hex, in order: 40 digits, or 64 of a version 6 key. */
  | { readonly ok: true; readonly fingerprints: readonly string[] }
  | { readonly ok: false; readonly reason: string };

/**
 * Reads public keys, armored or binary (RFC 9580), and works out their fingerprints. Nothing is verified: a fingerprint names
 * a key, and what else stands beside it is for the program that uses the key to judge.
 */
export function readOpenPgpKeys(material: Uint8Array): OpenPgpKeys {
  if (material.length > MAX_OPENPGP_BYTES) {
    return refuse(`it has more than ${MAX_OPENPGP_BYTES} bytes`);
  }
  const first = material[0];
  if (first === undefined) return refuse("it is empty");
  // Bit 7 is set in the first byte of every packet, and of no character of armor.
  if (first >= 0x80) return readPackets(material);
  const blocks = decodeArmor(new TextDecoder().decode(material));
  if (!blocks.ok) return blocks;
  const fingerprints: string[] = [];
  for (const block of blocks.blocks) {
    const keys = readPackets(block);
    if (!keys.ok) return keys;
    fingerprints.push(...keys.fingerprints);
  }
  return { ok: true, fingerprints };
}

type Armor =
  | { readonly ok: true; readonly blocks: readonly Uint8Array[] }
  | { readonly ok: false; readonly reason: string };

/** Every block of public keys; headers and the checksum, which is optional today, are left out. */
function decodeArmor(text: string): Armor {
  if (/^-----BEGIN PGP PRIVATE KEY BLOCK-----/m.test(text)) return refuse(PRIVATE);
  const blocks: Uint8Array[] = [];
  for (const lines of blocksOf(text.split("\n"))) {
    const start = lines.findIndex((line) => line.trim() === "");
    const isHeaders = lines.slice(0, Math.max(start, 0)).every((line) => /^[A-Za-z]+: /.test(line));
    const body = lines.slice(start >= 0 && isHeaders ? start + 1 : 0)
      .map((line) => line.trim()).filter((line) => line !== "" && !/^=[A-Za-z0-9+/]{4}$/.test(line))
      .join("");
    if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(body)) {
      return refuse("its lines are not base64");
    }
    blocks.push(Uint8Array.from(atob(body), (character) => character.charCodeAt(0)));
  }
  return blocks.length === 0
    ? refuse('there is no whole "-----BEGIN PGP PUBLIC KEY BLOCK-----" in it')
    : { ok: true, blocks };
}

/** The lines inside each whole block: from a first line on, whatever it holds, to the next last line. */
function* blocksOf(lines: readonly string[]): Generator<readonly string[]> {
  let start: number | undefined;
  for (const [index, line] of lines.entries()) {
    if (start === undefined) {
      if (isBorder(line, FIRST_LINE)) start = index + 1;
    } else if (isBorder(line, LAST_LINE)) {
      yield lines.slice(start, index);
      start = undefined;
    }
  }
}

/** Blanks may follow: they are invisible, and some programs add them. */
function isBorder(line: string, border: string): boolean {
  return line.startsWith(border) && line.slice(border.length).trim() === "";
}

function readPackets(bytes: Uint8Array): OpenPgpKeys {
  const fingerprints: string[] = [];
  let at = 0;
  for (let count = 0; at < bytes.length; count++) {
    if (count === MAX_PACKETS) return refuse(`it has more than ${MAX_PACKETS} packets`);
    const packet = readPacket(bytes, at);
    if (packet === undefined) return refuse(`it is cut or damaged at byte ${at}`);
    if (SECRET_KEY_TAGS.has(packet.tag)) return refuse(PRIVATE);
    if (packet.tag === PUBLIC_KEY_TAG) {
      const fingerprint = fingerprintOf(packet.body);
      if (fingerprint === undefined) return refuse("it has a key of a version that is not known");
      fingerprints.push(fingerprint);
    }
    at = packet.end;
  }
  return fingerprints.length === 0
    ? refuse("there is no public key in it")
    : { ok: true, fingerprints };
}

interface Packet {
  readonly tag: number;
  readonly body: Uint8Array;
  readonly end: number;
}

/** One packet in either format, RFC 9580 section 4.2; `undefined` if there is none. Keys have no partial lengths. */
function readPacket(bytes: Uint8Array, at: number): Packet | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head = bytes[at] ?? 0;
  const first = bytes[at + 1] ?? 0;
  if ((head & 0x80) === 0) return undefined;
  const isNew = (head & 0x40) !== 0;
  const tag = isNew ? head & 0x3f : (head >> 2) & 0x0f;
  const lengthBytes = isNew
    ? first < 192 ? 1 : first < 224 ? 2 : first === 255 ? 5 : 0
    : [1, 2, 4, 0][head & 3] ?? 0;
  if (lengthBytes === 0 || at + 1 + lengthBytes > bytes.length) return undefined;
  const length = isNew
    ? lengthBytes === 1
      ? first
      : lengthBytes === 2
      ? ((first - 192) << 8) + view.getUint8(at + 2) + 192
      : view.getUint32(at + 2)
    : lengthBytes === 1
    ? first
    : lengthBytes === 2
    ? view.getUint16(at + 1)
    : view.getUint32(at + 1);
  const start = at + 1 + lengthBytes;
  const end = start + length;
  return end > bytes.length ? undefined : { tag, body: bytes.subarray(start, end), end };
}

/** RFC 9580 section 5.5.4. */
function fingerprintOf(body: Uint8Array): string | undefined {
  const length = body.length;
  if (body[0] === 4 && length < 0x10000) {
    return hex("sha1", Uint8Array.of(0x99, length >> 8, length & 0xff), body);
  }
  if (body[0] !== 6) return undefined;
  const prefix = new DataView(new ArrayBuffer(5));
  prefix.setUint8(0, 0x9b);
  prefix.setUint32(1, length);
  return hex("sha256", new Uint8Array(prefix.buffer), body);
}

function hex(algorithm: string, ...parts: readonly Uint8Array[]): string {
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  return hash.digest("hex").toUpperCase();
}

const PRIVATE = "it holds a private key: export the public one";

function refuse(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}
