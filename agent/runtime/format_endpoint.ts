/** host:port; an IPv6 address stands in brackets (RFC 3986, section 3.2.2). */
export function formatEndpoint(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
