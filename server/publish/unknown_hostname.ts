import { suggestName } from "../../shared/naming/nearest_name.ts";

/** Why nothing can be said of a host, with the hostname that was probably meant: the end of a message that names the host. */
export function unknownHostname(hostname: string, known: Iterable<string>): string {
  return `no envoy has that hostname${suggestName(hostname, known)}`;
}
