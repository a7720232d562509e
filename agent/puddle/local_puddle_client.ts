import { type IncomingMessage, request as httpRequest } from "node:http";
import { join } from "node:path";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { errorCode } from "../system/file_error.ts";
import type { Caller } from "./caller_home.ts";
import { readLines } from "./line_stream.ts";
import { nonceSchema, provenAnswerSchema } from "./local_puddle_answers.ts";
import { MAX_HANDED_OVER_BYTES } from "./pairing_messages.ts";
import { puddlePaths } from "./puddle_paths.ts";

const MAX_ANSWER_BYTES = 2 * MAX_HANDED_OVER_BYTES + 4096;
/** The daemon has limits of its own for whom it asks; this is for one that says nothing at all. */
const ANSWER_TIMEOUT_MS = 5 * 60_000;
/** A machine that is too busy for the daemon's patience with its callers is asked again. */
const MAX_TRIES = 5;

/** The daemon ended the exchange before it was through. */
class CutOffError extends Error {
  override readonly name = "CutOffError";
}

/** The daemon as a user's verbs see it. */
export class LocalPuddleClient {
  readonly #socketPath: string;
  readonly #caller: Caller;

  constructor(socketPath: string, caller: Caller) {
    this.#socketPath = socketPath;
    this.#caller = caller;
  }

  /** Asks for what anybody may know. @throws {UserError} if the daemon does not answer, or refuses. */
  async get(path: string): Promise<unknown> {
    try {
      return await this.#onlyLine(await this.#send("GET", path, (request) => request.end()));
    } catch (error) {
      throw error instanceof CutOffError ? this.#unreachable(error) : error;
    }
  }

  /** Tells the daemon that this user's puddle has changed; a daemon that does not hear it finds out later. */
  async noteChange(): Promise<void> {
    const hint = JSON.stringify({ user: this.#caller.name });
    try {
      await this.#onlyLine(
        await this.#send("POST", "/puddle/changed", (request) => request.end(hint)),
      );
    } catch (error) {
      if (!(error instanceof UserError || error instanceof CutOffError)) throw error;
    }
  }

  /**
   * Asks for what this user alone may have, and proves to be it by making a file in the puddle's folder, which must exist.
   *
   * @throws {UserError} if the daemon does not answer, or refuses.
   */
  async post(path: string, asked: Readonly<Record<string, unknown>>): Promise<unknown> {
    for (let tries = 1;; tries += 1) {
      try {
        return await this.#prove(path, asked);
      } catch (error) {
        if (!(error instanceof CutOffError)) throw error;
        if (tries === MAX_TRIES) throw this.#unreachable(error);
      }
    }
  }

  async #prove(path: string, asked: Readonly<Record<string, unknown>>): Promise<unknown> {
    const { folder } = puddlePaths(this.#caller.home);
    const wish = Promise.withResolvers<string>();
    const response = await this.#send("POST", path, (request) => {
      request.write(`${JSON.stringify({ user: this.#caller.name })}\n`);
      wish.promise.then((line) => request.end(line), () => request.destroy());
    });
    let proof: string | undefined;
    try {
      const lines = this.#lines(response);
      const { nonce } = nonceSchema.parse(parseJson((await lines.next()).value));
      proof = join(folder, sha256Hex(Uint8Array.fromHex(nonce)));
      await Deno.writeTextFile(proof, "", { createNew: true, mode: 0o600 });
      wish.resolve(`${JSON.stringify(asked)}\n`);
      const answer = provenAnswerSchema.parse(parseJson((await lines.next()).value));
      if (answer.ok) return answer.body;
      throw refusalOf(answer.message, answer.status);
    } finally {
      wish.reject(new CutOffError());
      if (proof !== undefined) await Deno.remove(proof).catch(() => {});
    }
  }

  async #onlyLine(response: IncomingMessage): Promise<unknown> {
    return parseJson((await this.#lines(response).next()).value);
  }

  /** The lines of an answer. @throws {CutOffError} where it ends before a line that was waited for. */
  async *#lines(response: IncomingMessage): AsyncGenerator<string, string, undefined> {
    try {
      yield* readLines(response, MAX_ANSWER_BYTES);
    } catch (cause) {
      throw new CutOffError("the daemon ended the exchange", { cause });
    }
    throw new CutOffError("the daemon said less than it should");
  }

  /** @throws {UserError} if nobody answers, or with another status than 200. */
  #send(
    method: "GET" | "POST",
    path: string,
    write: (request: ReturnType<typeof httpRequest>) => void,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = httpRequest({
        socketPath: this.#socketPath,
        method,
        path,
        timeout: ANSWER_TIMEOUT_MS,
        headers: method === "POST" ? { "transfer-encoding": "chunked" } : {},
      }, (response) => {
        if (response.statusCode === 200) return resolve(response);
        this.#onlyLine(response).then(
          (said) => reject(refusalOf(Object(said)["message"], response.statusCode ?? 0)),
          reject,
        );
      });
      request.once("timeout", () => request.destroy(new Error("it does not answer")));
      // Not once: what fails after the answer has begun is told by the answer.
      request.on("error", (cause) => {
        const isCut = ["ECONNRESET", "EPIPE"].includes(errorCode(cause) ?? "");
        reject(isCut ? new CutOffError(cause.message, { cause }) : this.#unreachable(cause));
      });
      write(request);
    });
  }

  #unreachable(cause: Error): UserError {
    const code = errorCode(cause);
    const why = code === "ENOENT" || code === "ECONNREFUSED" ? "nobody answers" : cause.message;
    return new UserError(
      `Cannot ask the daemon at ${this.#socketPath}: ${why}. Is vigo running? See "vigo status"`,
      { exitCode: EXIT_CODE.unreachable, cause },
    );
  }
}

function refusalOf(message: unknown, status: number): UserError {
  return new UserError(
    typeof message === "string" ? message : `The daemon answered with status ${status}`,
    { exitCode: status === 403 ? EXIT_CODE.notPermitted : EXIT_CODE.failed },
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
