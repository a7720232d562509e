import type { ListeningSocket } from "./listening_socket.ts";

/** States of the kernel's socket tables: TCP listening, and UDP not connected to anyone. */
const WAITING = { tcp: "0A", udp: "07" } as const;

/**
 * Parses `/proc/net/{tcp,tcp6,udp,udp6}` into the sockets that wait for others. Addresses stand there as the machine keeps
 * them in memory, four bytes at a time with the lowest first, on every processor that this product runs on.
 */
export function parseProcNetSockets(
  text: string,
  protocol: "tcp" | "udp",
): readonly ListeningSocket[] {
  return text.split("\n").slice(1).flatMap((line): ListeningSocket[] => {
    const [, local, remote, state, , , , , , inode] = line.trim().split(/\s+/);
    if (state !== WAITING[protocol] || !/^0+:0000$/.test(remote ?? "")) return [];
    const match = local?.match(/^((?:[0-9A-F]{8}){1,4}):([0-9A-F]{4})$/);
    const address = parseAddress(match?.[1] ?? "");
    const port = Number.parseInt(match?.[2] ?? "0", 16);
    if (address === undefined || port === 0) return [];
    // The kernel's own sockets belong to no file.
    const hasInode = inode !== undefined && /^[1-9]\d{0,19}$/.test(inode);
    return [{ protocol, address, port, ...(hasInode ? { inode } : {}) }];
  });
}

function parseAddress(hex: string): string | undefined {
  if (hex.length !== 8 && hex.length !== 32) return undefined;
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).reverse().map((digits) => Number.parseInt(digits, 16))
  );
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from(
    { length: 8 },
    (_, index) => ((bytes[index * 2] ?? 0) * 256 + (bytes[index * 2 + 1] ?? 0)).toString(16),
  );
  // The host of a URL is written in the shortest form (RFC 5952), between brackets.
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}
