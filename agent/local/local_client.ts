import { request as httpRequest } from "node:http";
import { MAX_REPORT_BYTES } from "../../shared/config/run_report.ts";

/** Nobody listens on the socket, or this user may not connect to it. */
export class DaemonUnreachableError extends Error {
  override readonly name = "DaemonUnreachableError";

  constructor(message: string, readonly isForbidden: boolean, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The daemon was asked and said no; the message is its own. */
export class DaemonRefusedError extends Error {
  override readonly name = "DaemonRefusedError";

  constructor(message: string, readonly status: number) {
    super(message);
  }
}

const FORBIDDEN = "only its owner may use it";
const NOBODY = "nobody answers";
const ENDED = "the daemon ended before it had answered";

/** What a failed connection means, by the system's code. */
const UNREACHABLE: Readonly<Record<string, string>> = {
  EACCES: FORBIDDEN,
  EPERM: FORBIDDEN,
  ENOENT: NOBODY,
  ECONNREFUSED: NOBODY,
  ECONNRESET: ENDED,
  EPIPE: ENDED,
};

/** Largest line taken where a call says nothing else, in characters: a whole run's report, with room for what is around it. */
const MAX_LINE_LENGTH = MAX_REPORT_BYTES + 256 * 1024;
const TOO_LONG = "Cannot read the daemon's answer: it is too long. " +
  "If vigo was updated while the daemon ran, restart the daemon";

/** One request to the daemon. */
export interface LocalCall {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** Largest line of the answer, in characters. */
  readonly maxLineLength?: number;
}

/**
 * Asks the daemon and hands over its answer line by line, as it comes.
 *
 * @throws {DaemonUnreachableError} if there is no daemon to ask.
 * @throws {DaemonRefusedError} with the daemon's own message if it refuses.
 */
export function callDaemon(
  socketPath: string,
  call: LocalCall,
  onLine: (line: string) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const request = httpRequest({
      socketPath,
      path: call.path,
      method: call.method,
      ...(call.signal ? { signal: call.signal } : {}),
      headers: body === undefined ? {} : {
        "content-type": "application/json",
        "content-length": String(new TextEncoder().encode(body).length),
      },
    });
    request.on("error", (error: Error & { code?: string }) => {
      const reason = UNREACHABLE[error.code ?? ""];
      reject(
        reason === undefined
          ? error
          : new DaemonUnreachableError(reason, reason === FORBIDDEN, { cause: error }),
      );
    });
    request.on("response", (response) => {
      let rest = "";
      const lines: string[] = [];
      const isOk = response.statusCode === 200;
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        rest += chunk;
        const parts = rest.split("\n");
        rest = parts.pop() ?? "";
        if (rest.length > (call.maxLineLength ?? MAX_LINE_LENGTH)) {
          reject(new Error(TOO_LONG));
          response.destroy();
          return;
        }
        for (const line of parts) isOk ? onLine(line) : lines.push(line);
      });
      response.on("error", (cause) => reject(new DaemonUnreachableError(ENDED, false, { cause })));
      response.on("end", () => {
        if (isOk) resolve();
        else {
          const status = response.statusCode ?? 0;
          reject(new DaemonRefusedError(readMessage(lines.join("") + rest, status), status));
        }
      });
    });
    request.end(body);
  });
}

function readMessage(text: string, status: number): string {
  try {
    const { message } = Object(JSON.parse(text));
    if (typeof message === "string") return message;
  } catch {
    // Not this daemon's shape; the status says what there is to say.
  }
  return `the daemon answered with status ${status}`;
}
