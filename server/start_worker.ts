import type { ServerStart } from "./channel.ts";
import type { ServerWorker } from "./supervise.ts";
import { workerPermissions } from "./worker_permissions.ts";

/** Starts the thread that the server runs in, with the rights of its folders and listeners and no other. */
export function startWorker({ folders, config, postgres }: ServerStart): ServerWorker {
  return new Worker(new URL("./worker.ts", import.meta.url), {
    type: "module",
    name: "server",
    deno: {
      permissions: workerPermissions(
        folders,
        config.server,
        config.tasks.health_check_hosts,
        postgres,
      ),
    },
  });
}
