/**
 * A TCP port that nothing listened on a moment ago. A program that can bind port 0 and say which it got is better;
 * this is for configuration that has to name a port before the program starts.
 */
export function findFreePort(hostname = "127.0.0.1"): number {
  using listener = Deno.listen({ hostname, port: 0 });
  return listener.addr.port;
}

/**
 * Several different free ports, all held until the last is found.
 *
 * @throws {RangeError} if `count` is not a positive integer.
 */
export function findFreePorts(count: number, hostname = "127.0.0.1"): readonly number[] {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`Cannot find ${count} free ports: ask for one or more`);
  }
  using held = new DisposableStack();
  return Array.from(
    { length: count },
    () => held.use(Deno.listen({ hostname, port: 0 })).addr.port,
  );
}
