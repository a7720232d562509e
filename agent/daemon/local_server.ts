import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { isAbsent } from "../store/is_absent.ts";

/** Answers one request; whatever it throws becomes a 500. */
export type LocalHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Open connections past which new ones are turned away: local callers ask once and go. */
const MAX_CONNECTIONS = 64;
/** A caller that sends nothing is cut off. */
const HEADERS_TIMEOUT_MS = 5_000;
/** How long closing waits for answers under way. */
const CLOSE_GRACE_MS = 500;

/** An HTTP server on a Unix socket. */
export class LocalServer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * Listens on `path`. A socket that a killed process left is removed, one that answers never.
   *
   * @param mode permission bits of the socket: they decide who may connect.
   * @throws {Error} if another process listens there.
   */
  static async listen(path: string, mode: number, handler: LocalHandler): Promise<LocalServer> {
    await removeStale(path);
    const server = createServer({ headersTimeout: HEADERS_TIMEOUT_MS }, (request, response) => {
      handler(request, response).catch((error) => {
        if (!response.headersSent) sendJson(response, 500, { message: String(error) });
        else response.destroy();
      });
    });
    server.maxConnections = MAX_CONNECTIONS;
    // The socket is born closed to others; there is no moment in which anybody could connect.
    const previous = Deno.umask(0o177);
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(path, () => resolve());
      });
    } finally {
      Deno.umask(previous);
    }
    await Deno.chmod(path, mode);
    return new LocalServer(server);
  }

  /** Stops listening, removes the socket, and cuts connections that do not end by themselves. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => this.#server.closeAllConnections(), CLOSE_GRACE_MS);
    await closed;
    clearTimeout(timer);
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
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
