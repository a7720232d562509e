/**
 * Sets the machine's clock with date(1); needs root.
 *
 * @throws {Error} with what date(1) said if it could not.
 */
export async function setSystemClock(timeMs: number): Promise<void> {
  const seconds = Math.round(timeMs / 1000);
  const args = Deno.build.os === "darwin"
    // BSD date takes [[[mm]dd]HH]MM[[cc]yy][.ss].
    ? ["-u", formatBsd(new Date(seconds * 1000))]
    : ["-u", "-s", `@${seconds}`];
  const { code, stderr } = await new Deno.Command("date", { args, stdin: "null" }).output();
  if (code !== 0) {
    throw new Error(`Cannot set the clock: ${new TextDecoder().decode(stderr).trim()}`);
  }
}

/** A moment as BSD date(1) reads it, in UTC. */
export function formatBsd(moment: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return two(moment.getUTCMonth() + 1) + two(moment.getUTCDate()) + two(moment.getUTCHours()) +
    two(moment.getUTCMinutes()) + String(moment.getUTCFullYear()) + "." +
    two(moment.getUTCSeconds());
}
