import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { Duplex } from "node:stream";
import type { ReadableStream, WritableStream } from "node:stream/web";
import { limitPipelining } from "../../shared/platform/limit_pipelining.ts";
import { isAbsent } from "../store/is_absent.ts";

/** Answers one request; whatever it throws becomes a 500. */
export type LocalHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Open connections past which new ones are turned away: local callers ask once and go. */
const MAX_CONNECTIONS = 64;
/** A caller that has not sent its whole request by then is cut off, so that silent ones do not keep others out. */
const REQUEST_TIMEOUT_MS = 5_000;
/** How often callers are looked at for that; the runtime's own thirty seconds would make the limit above a wish. */
const TIMEOUT_CHECK_MS = 1_000;
/** How long whoever listens already may take to say anything at all; the lock of the daemon is what keeps a second one out. */
const ANSWER_DEADLINE_MS = 3_000;
/** How long closing waits for answers under way. */
const CLOSE_GRACE_MS = 500;

/** An HTTP server on a Unix socket. */
export class LocalServer {
  readonly #server: Server;
  readonly #listener: Deno.UnixListener;
  readonly #path: string;
  readonly #connections = new Set<Duplex>();
  readonly #accepting: Promise<void>;

  private constructor(server: Server, listener: Deno.UnixListener, path: string) {
    this.#server = server;
    this.#listener = listener;
    this.#path = path;
    this.#accepting = this.#accept();
  }

  /**
   * Listens on `path`. A socket that a killed process left is removed, one that answers never.
   *
   * @param mode permission bits of the socket: they decide who may connect.
   * @param timeouts until a caller must have sent its whole request, and how often that is looked at, in ms.
   * @throws {Error} if another process listens there.
   */
  static async listen(
    path: string,
    mode: number,
    handler: LocalHandler,
    { requestTimeoutMs = REQUEST_TIMEOUT_MS, timeoutCheckMs = TIMEOUT_CHECK_MS } = {},
  ): Promise<LocalServer> {
    await removeStale(path);
    const timeouts = {
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: timeoutCheckMs,
    };
    const server = createServer(
      timeouts,
      limitPipelining((request, response) => {
        handler(request, response).catch((error) => {
          if (!response.headersSent) sendJson(response, 500, { message: String(error) });
          else response.destroy();
        });
      }),
    );
    return new LocalServer(server, await bind(path, mode), path);
  }

  /** Stops listening, removes the socket, and cuts connections that do not end by themselves. */
  async close(): Promise<void> {
    await removeSocket(this.#path);
    this.#listener.close();
    await this.#accepting;
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => {
      for (const connection of this.#connections) connection.destroy();
    }, CLOSE_GRACE_MS);
    await Promise.all([...this.#connections].map(ended));
    clearTimeout(timer);
    // It never listened; this ends its look at slow callers.
    this.#server.close();
  }

  /**
   * The runtime hands what node:net listens on down to every program that it starts: one that outlived its daemon would keep
   * the socket, and another user's would take the daemon's callers. What Deno listens on stays in this process, so
   * connections are taken there.
   */
  async #accept(): Promise<void> {
    // What looks after slow callers begins with this event.
    this.#server.emit("listening");
    for await (const connection of this.#listener) {
      if (this.#connections.size >= MAX_CONNECTIONS) {
        connection.close();
        continue;
      }
      // The same streams of the platform, which the two libraries of types declare each in its own way.
      const duplex = Duplex.fromWeb({
        readable: connection.readable as ReadableStream,
        writable: connection.writable as WritableStream,
      });
      this.#connections.add(duplex);
      duplex.once("close", () => this.#connections.delete(duplex));
      // A caller that hangs up is no event for anybody.
      duplex.on("error", () => {});
      this.#server.emit("connection", duplex);
    }
  }
}

function ended(connection: Duplex): Promise<void> {
  return new Promise((resolve) => connection.once("close", () => resolve()));
}

/**
 * The socket is born in a folder that nobody else may enter and gets its place with its mode: there is no moment in which
 * more may connect than `mode` says. A umask would do the same to every file that anything else makes in that moment.
 */
async function bind(path: string, mode: number): Promise<Deno.UnixListener> {
  const folder = `${path}.new`;
  const born = join(folder, "s");
  // A process that was killed here left one.
  await Deno.remove(folder, { recursive: true }).catch(ignoreAbsent);
  await Deno.mkdir(folder, { mode: 0o700 });
  const listener = Deno.listen({ transport: "unix", path: born });
  try {
    await Deno.chmod(born, mode);
    await Deno.rename(born, path);
    return listener;
  } catch (error) {
    listener.close();
    throw error;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Sends a JSON answer. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(`${JSON.stringify(body)}\n`);
}

async function removeStale(path: string): Promise<void> {
  if (await answers(path)) {
    throw new Error(`Cannot listen on ${path}: another process already does`);
  }
  await removeSocket(path);
}

async function removeSocket(path: string): Promise<void> {
  await Deno.remove(path).catch(ignoreAbsent);
}

function ignoreAbsent(error: unknown): void {
  if (!isAbsent(error)) throw error;
}

/**
 * Whether a process answers there. That a connection is taken says nothing: the runtime hands such listeners down to every
 * program that it starts, so that one which outlives its daemon keeps them open and never reads.
 */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const timer = setTimeout(() => end(false), ANSWER_DEADLINE_MS);
    const end = (isAnswered: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isAnswered);
    };
    // No request, so that no handler has to do with it: whoever reads it says so, or hangs up.
    socket.once("connect", () => socket.write("?\r\n\r\n"));
    socket.once("data", () => end(true));
    socket.once("end", () => end(true));
    socket.once("error", () => end(false));
  });
}
