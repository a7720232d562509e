import { dirname } from "node:path";
import type { IntegrityAnswer } from "../channel.ts";
import { StoreError } from "./store_error.ts";

/**
 * Reads all of the database at `path` in a thread of its own, through a connection of its own, so that the server answers
 * meanwhile, however large a table is. It sees what was committed when it began. For the process to call: the server's own
 * thread may not read the module of another.
 *
 * @throws {StoreError} if it cannot be read, or `signal` ends it.
 */
export async function checkIntegrityAside(path: string, signal: AbortSignal): Promise<string[]> {
  const cannot = (reason: string) =>
    new StoreError(`Cannot check the integrity of database "${path}": ${reason}`);
  if (signal.aborted) throw cannot("it is being closed");
  const worker = new Worker(new URL("./integrity_worker.ts", import.meta.url), {
    type: "module",
    name: "integrity of the database",
    deno: { permissions: integrityPermissions(dirname(path)) },
  });
  const answer = Promise.withResolvers<IntegrityAnswer>();
  const onAbort = () => answer.reject(cannot("it is being closed"));
  signal.addEventListener("abort", onAbort, { once: true });
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    answer.reject(cannot(event.message));
  });
  worker.addEventListener("message", ({ data }) => answer.resolve(data));
  try {
    worker.postMessage(path);
    const said = await answer.promise;
    if (!said.ok) throw cannot(said.reason);
    return said.findings;
  } finally {
    signal.removeEventListener("abort", onAbort);
    worker.terminate();
  }
}

/** Reads the database and what SQLite keeps beside it. */
export function integrityPermissions(folder: string): Deno.PermissionOptionsObject {
  return {
    read: [folder],
    write: false,
    net: false,
    env: false,
    sys: false,
    run: false,
    ffi: false,
    import: false,
  };
}
