/**
 * Whether two IPv4 addresses are on one network, as the interface of the first says by its netmask. What is no IPv4 address
 * is near nobody.
 */
export function isNear(
  { address, netmask }: { readonly address: string; readonly netmask: string },
  other: string,
): boolean {
  const [own, mask, their] = [address, netmask, other].map(toNumber);
  if (own === undefined || mask === undefined || their === undefined) return false;
  return (own & mask) === (their & mask);
}

function toNumber(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return parts.reduce((number, part) => (number << 8) | Number(part), 0);
}
