/** Environment variable that marks every process of one test run; its value is unique to the run. */
export const TEST_RUN_MARK = "VIGO_TEST_RUN";

/** A process that a test started and did not end. */
export interface Leftover {
  readonly pid: number;
  readonly command: string;
}

/**
 * The processes that carry the mark of `run`, other than this one. They are found by their environment, so
 * one that left its group or lost its parent is found as well. Only Linux can tell; elsewhere the list is empty.
 */
export async function findLeftovers(run: string): Promise<readonly Leftover[]> {
  if (Deno.build.os !== "linux") return [];
  const found: Leftover[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === Deno.pid) continue;
    const environment = await readProc(pid, "environ");
    if (!environment.split("\0").includes(`${TEST_RUN_MARK}=${run}`)) continue;
    const command = (await readProc(pid, "cmdline")).replaceAll("\0", " ").trim();
    found.push({ pid, command });
  }
  return found;
}

/** Empty if the process has just ended, is a zombie or belongs to somebody else. */
async function readProc(pid: number, file: string): Promise<string> {
  try {
    return await Deno.readTextFile(`/proc/${pid}/${file}`);
  } catch {
    return "";
  }
}
