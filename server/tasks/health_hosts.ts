/** One entry of `tasks.health_check_hosts`: `host`, `host:port`, or an IPv6 address in brackets with or without a port. */
export const HEALTH_HOST_PATTERN =
  /^([A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[1-9][0-9]{0,4})?$/;

/** Whether an address may be probed. @returns why not, with the line that would let it; `null` if it may. */
export function judgeHealthUrl(text: string, hosts: readonly string[]): string | null {
  const shown = JSON.stringify(text);
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return `Cannot probe ${shown}: it is no http or https address`;
  }
  if (url.username !== "" || url.password !== "") {
    return `Cannot probe an address with a password: everybody who reads the task would read it`;
  }
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  const allowed = hosts.map((host) => host.toLowerCase());
  if (allowed.includes(url.hostname) || allowed.includes(`${url.hostname}:${port}`)) return null;
  const line = [...hosts, url.hostname].map((host) => JSON.stringify(host)).join(", ");
  return `Cannot probe ${shown}: the server may not ask ${url.hostname}. Add to server.yaml, and restart vigosrv: tasks: {health_check_hosts: [${line}]}`;
}
