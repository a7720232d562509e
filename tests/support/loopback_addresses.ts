import { findFreePorts } from "./free_port.ts";

/** Where one of several programs on this machine may listen. */
export interface LoopbackEndpoint {
  readonly hostname: string;
  readonly port: number;
}

/** Host parts of 127.x.y.z that are handed out: 2 to 254, since .1 is everybody's. */
const FIRST_HOST = 2;
const LAST_HOST = 254;
/** Values of an octet that is neither 0 nor 255. */
const OCTET_VALUES = 254;

/**
 * Places for `count` programs that would each have a machine of their own. On Linux every one gets an address in
 * 127.0.0.0/8 and all the same `port`, as in a real fleet; the octets in the middle come from the process id, so that test
 * runs meet only if their ids are 64,516 apart. macOS has 127.0.0.1 only, so there each gets a free port instead.
 *
 * @throws {RangeError} if `count` is not between 1 and 253.
 */
export function allocateLoopback(
  count: number,
  port: number,
  platform: typeof Deno.build.os = Deno.build.os,
  processId: number = Deno.pid,
): readonly LoopbackEndpoint[] {
  const most = LAST_HOST - FIRST_HOST + 1;
  if (!Number.isInteger(count) || count < 1 || count > most) {
    throw new RangeError(`Cannot allocate ${count} loopback addresses: ask for 1 to ${most}`);
  }
  if (platform !== "linux") {
    return findFreePorts(count).map((free) => ({ hostname: "127.0.0.1", port: free }));
  }
  const third = 1 + processId % OCTET_VALUES;
  const second = 1 + Math.floor(processId / OCTET_VALUES) % OCTET_VALUES;
  return Array.from({ length: count }, (_, index) => ({
    hostname: `127.${second}.${third}.${FIRST_HOST + index}`,
    port,
  }));
}
