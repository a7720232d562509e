import { isIPv4, isIPv6 } from "node:net";

/** The length of a network's prefix in bits, from its mask; `undefined` if the text is no such mask. */
export function prefixLength(netmask: string): number | undefined {
  const bits = isIPv4(netmask) ? bitsOfIpv4(netmask) : isIPv6(netmask) ? bitsOfIpv6(netmask) : "x";
  const match = bits.match(/^(1*)0*$/);
  return match?.[1]?.length;
}

function bitsOfIpv4(text: string): string {
  return text.split(".").map((part) => Number(part).toString(2).padStart(8, "0")).join("");
}

function bitsOfIpv6(text: string): string {
  const [head = "", tail] = text.split("::");
  const groups = (part: string) => part === "" ? [] : part.split(":");
  const before = groups(head), after = groups(tail ?? "");
  const missing = tail === undefined ? 0 : 8 - before.length - after.length;
  const zeros = Array.from({ length: Math.max(0, missing) }, () => "0");
  return [...before, ...zeros, ...after]
    .map((group) => Number.parseInt(group, 16).toString(2).padStart(16, "0")).join("");
}
