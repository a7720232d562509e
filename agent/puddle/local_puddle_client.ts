import { Agent, request as httpRequest } from "node:http";
import { join } from "node:path";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { proofNonceSchema } from "../daemon/user_proofs.ts";
import { errorCode } from "../system/file_error.ts";
import type { Caller } from "./caller_home.ts";
import { MAX_HANDED_OVER_BYTES } from "./pairing_messages.ts";
import { puddlePaths } from "./puddle_paths.ts";

const MAX_ANSWER_BYTES = 2 * MAX_HANDED_OVER_BYTES + 4096;
/** The daemon has limits of its own for whom it asks; this is for one that says nothing at all. */
const ANSWER_TIMEOUT_MS = 5 * 60_000;

/** The daemon as a user's verbs see it. */
export class LocalPuddleClient implements Disposable {
  readonly #socketPath: string;
  readonly #caller: Caller;
  /** A nonce is good on the connection that it was asked for on. */
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(socketPath: string, caller: Caller) {
    this.#socketPath = socketPath;
    this.#caller = caller;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  /** Asks for what anybody may know. @throws {UserError} if the daemon does not answer, or refuses. */
  get(path: string): Promise<unknown> {
    return this.#ask("GET", path);
  }

  /** Tells the daemon that this user's puddle has changed; a daemon that does not hear it finds out later. */
  async noteChange(): Promise<void> {
    await this.#ask("POST", "/puddle/changed", { user: this.#caller.name }).catch(() => {});
  }

  /**
   * Asks for what this user alone may have, and proves to be it by making a file in the puddle's folder, which must exist.
   *
   * @throws {UserError} if the daemon does not answer, or refuses.
   */
  async post(path: string, body: Readonly<Record<string, unknown>>): Promise<unknown> {
    const user = this.#caller.name;
    const { nonce } = proofNonceSchema.parse(await this.#ask("POST", "/puddle/proof", { user }));
    const proof = join(puddlePaths(this.#caller.home).folder, sha256Hex(Uint8Array.fromHex(nonce)));
    await Deno.writeTextFile(proof, "", { createNew: true, mode: 0o600 });
    try {
      return await this.#ask("POST", path, { ...body, user });
    } finally {
      await Deno.remove(proof).catch(() => {});
    }
  }

  #ask(method: "GET" | "POST", path: string, body?: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const request = httpRequest({
        socketPath: this.#socketPath,
        agent: this.#agent,
        method,
        path,
        timeout: ANSWER_TIMEOUT_MS,
        headers: text === undefined ? {} : {
          "content-type": "application/json",
          "content-length": String(new TextEncoder().encode(text).length),
        },
      }, (response) => {
        let said = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          said += chunk;
          if (said.length > MAX_ANSWER_BYTES) response.destroy();
        });
        response.once("error", (cause) => reject(this.#unreachable(cause)));
        response.once("end", () => {
          if (response.statusCode === 200) resolve(parseJson(said));
          else reject(refusalOf(said, response.statusCode ?? 0));
        });
      });
      request.once("timeout", () => request.destroy(new Error("it does not answer")));
      request.once("error", (cause) => reject(this.#unreachable(cause)));
      request.end(text);
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

function refusalOf(said: string, status: number): UserError {
  const message = Object(parseJson(said))["message"];
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
