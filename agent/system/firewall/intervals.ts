import { isIPv6 } from "node:net";

/** From and to, both included. */
type Interval = readonly [bigint, bigint];

/**
 * Networks without those that lie in another one of the list, each in its shortest form of the list: a set of the kernel
 * takes no two that overlap. Networks overlap only by one holding the other.
 */
export function withoutContained(networks: readonly string[]): readonly string[] {
  const all = networks.map((network) => ({ network, interval: intervalOf(network) }));
  return all.filter(({ interval }, index) =>
    !all.some((other, at) =>
      at !== index && holds(other.interval, interval) &&
      // Of two that are the same the first stays.
      (at < index || !holds(interval, other.interval))
    )
  ).map(({ network }) => network);
}

/** Ports and ranges, sorted, those that overlap or touch made one: `["80-82", "443"]`. */
export function mergePorts(ports: readonly string[]): readonly string[] {
  const ranges = ports.map((port) => {
    const [from = 0, to = from] = port.split("-").map(Number);
    return { from, to };
  }).sort((a, b) => a.from - b.from);
  const merged: { from: number; to: number }[] = [];
  for (const { from, to } of ranges) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last.to + 1) last.to = Math.max(last.to, to);
    else merged.push({ from, to });
  }
  return merged.map(({ from, to }) => from === to ? String(from) : `${from}-${to}`);
}

function holds(outer: Interval, inner: Interval): boolean {
  return outer[0] <= inner[0] && inner[1] <= outer[1];
}

function intervalOf(network: string): Interval {
  const [address = "", length] = network.split("/");
  const bits = isIPv6(address) ? 128 : 32;
  const hostBits = BigInt(bits - Number(length ?? bits));
  const from = numberOf(address) >> hostBits << hostBits;
  return [from, from + (1n << hostBits) - 1n];
}

function numberOf(address: string): bigint {
  if (!isIPv6(address)) {
    return address.split(".").reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  }
  // The last 32 bits may be written as an IPv4 address.
  const hex = address.replace(/(\d+\.\d+\.\d+\.\d+)$/, (ipv4) => {
    const number = numberOf(ipv4);
    return `${(number >> 16n).toString(16)}:${(number & 0xffffn).toString(16)}`;
  });
  const [head = "", tail] = hex.split("::");
  const groups = (text: string) => text === "" ? [] : text.split(":");
  const before = groups(head), after = groups(tail ?? "");
  const zeros = Array<string>(8 - before.length - after.length).fill("0");
  return [...before, ...zeros, ...after].reduce(
    (sum, group) => sum * 65536n + BigInt(`0x${group}`),
    0n,
  );
}
