import { isIP } from "node:net";

/** What the server may be called in its certificate. */
export interface ServerNameOptions {
  readonly hostname: string;
  readonly sans: readonly string[];
  readonly addresses?: readonly string[];
}

/**
 * The subject alternative names of the server's certificate, without doubles: localhost, loopback, every interface
 * address, `server.hostname` and `server.tls_sans`. Addresses are in the spelling that the certificate parser prints.
 */
export function serverNames(options: ServerNameOptions): readonly string[] {
  const { hostname, sans, addresses = interfaceAddresses() } = options;
  const names = ["localhost", "127.0.0.1", "::1", ...addresses, hostname, ...sans];
  return [...new Set(names.map((name) => spell(name.toLowerCase())))].sort();
}

/** Addresses of this machine's interfaces; link-local ones are left out, since their zone means nothing elsewhere. */
export function interfaceAddresses(): readonly string[] {
  return Deno.networkInterfaces()
    .map(({ address }) => address)
    .filter((address) => !address.includes("%") && !/^fe[89ab]/i.test(address));
}

function spell(name: string): string {
  if (isIP(name) !== 6) return name;
  return new URL(`http://[${name}]/`).hostname.slice(1, -1);
}
