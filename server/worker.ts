/// <reference lib="deno.worker" />
import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import { configureLogging } from "../shared/platform/logging.ts";
import type { FromServer, ServerStart, ToServer } from "./channel.ts";
import { explainStartFailure } from "./explain_start_failure.ts";
import { type RunningServer, startServer } from "./server.ts";
import { askIntegrity } from "./wiring/ask_integrity.ts";

// The entry of the server's worker: it starts the server, tells how that went, and stops it when asked.

// The library would write lines of its own to standard error; what matters of it reaches us as errors.
setLogVerbosity(logVerbosity.NONE);

const tell = (message: FromServer) => self.postMessage(message);
let starting: Promise<RunningServer | undefined> | undefined;

self.onmessage = ({ data }: MessageEvent<ToServer>) => {
  if (data.kind === "start") starting ??= start(data);
  // What fails here is thrown in a task of its own, so that it ends the worker and the process hears of it.
  else {stop().catch((error) =>
      setTimeout(() => {
        throw error;
      })
    );}
};

async function start(message: ServerStart): Promise<RunningServer | undefined> {
  try {
    const logger = await configureLogging("vigosrv", message.config.log.level);
    const server = await startServer(message, logger, checkIntegrity);
    const { listen } = message.config.server;
    tell({ kind: "ready", listen, grpcPort: server.grpcPort, restPort: server.restPort });
    return server;
  } catch (error) {
    tell({ kind: "fatal", reason: explainStartFailure(error) });
    return undefined;
  }
}

function checkIntegrity(signal: AbortSignal): Promise<string[]> {
  return askIntegrity((answer) => {
    const message: FromServer = { kind: "checkIntegrity", answer };
    self.postMessage(message, [answer]);
  }, signal);
}

async function stop(): Promise<void> {
  const server = await starting;
  try {
    await server?.stop();
  } catch (error) {
    // Such as a database that is away: everything else was closed, and what was not written was not acknowledged.
    const reason = error instanceof Error ? error.message : String(error);
    tell({ kind: "fatal", reason: `The server stopped, but not in order: ${reason}` });
    return;
  }
  tell({ kind: "stopped" });
}
