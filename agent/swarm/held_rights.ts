/** A path that no worker of the swarm has any business with. */
const ELSEWHERE = "/etc";

/**
 * The rights that this thread has, in words, sorted: asked of the runtime and not taken from what was written down, so that
 * it shows what a worker that runs in a compiled program really may do.
 *
 * @param folder the folder that the thread works in.
 */
export function heldRights(folder: string): readonly string[] {
  const questions: Readonly<Record<string, Deno.PermissionDescriptor>> = {
    env: { name: "env" },
    ffi: { name: "ffi" },
    import: { name: "import" },
    net: { name: "net" },
    "read elsewhere": { name: "read", path: ELSEWHERE },
    "read folder": { name: "read", path: folder },
    run: { name: "run" },
    statfs: { name: "sys", kind: "statfs" },
    sys: { name: "sys" },
    "write elsewhere": { name: "write", path: ELSEWHERE },
    "write folder": { name: "write", path: folder },
  };
  return Object.entries(questions).flatMap(([right, descriptor]) => {
    const { state, partial } = Deno.permissions.querySync(descriptor);
    if (state !== "granted") return [];
    return partial ? [`${right} in part`] : [right];
  });
}
