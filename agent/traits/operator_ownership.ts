/**
 * Whether others than root and the agent's own user could change what is at a path, or put something else there.
 *
 * @returns what is wrong, and what to do; `undefined` if nothing is.
 */
export function judgeOwnership(
  path: string,
  stat: { readonly uid: number | null; readonly mode: number | null },
  agentUid: number,
): string | undefined {
  if (stat.uid !== 0 && stat.uid !== agentUid) {
    return `${path} belongs to user ${stat.uid}, who could change what the agent runs. Run chown ${agentUid} ${path}`;
  }
  if (((stat.mode ?? 0o777) & 0o022) !== 0) {
    return `${path} can be written by others than its owner, who could change what the agent runs. Run chmod go-w ${path}`;
  }
  return undefined;
}
