import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { errorCode } from "../system/file_error.ts";
import { readLines } from "./line_stream.ts";
import { readPublicKey } from "./puddle_home.ts";
import { readSessionSecret, type SessionPlace, sessionPlace } from "./session_place.ts";
import {
  MAX_SESSION_LINE_BYTES,
  type SessionAnswer,
  sessionAnswerSchema,
  type SessionRequest,
  type SessionStatus,
} from "./session_protocol.ts";

/** Without an identity nothing can be signed. */
export class PuddleAbsentError extends UserError {
  constructor() {
    super(
      'The puddle of this user is not initialised. Run "vigo swarm puddle init", or "vigo swarm puddle join --from HOST"',
    );
  }
}

/** Nobody holds the private key now. */
export class PuddleLockedError extends UserError {
  constructor(cause?: unknown) {
    super('The puddle of this user is locked. Run "vigo swarm puddle unlock"', { cause });
  }
}

type Unsent = SessionRequest extends infer R ? R extends SessionRequest ? Omit<R, "secret"> : never
  : never;

/** A connection to the helper that holds this user's private key. Calls may overlap; answers come in order. */
export class PuddleSession implements Disposable {
  readonly publicKey: string;
  readonly #connection: Deno.UnixConn;
  readonly #secret: string;
  readonly #waiting: PromiseWithResolvers<SessionAnswer>[] = [];
  #sending: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  private constructor(connection: Deno.UnixConn, secret: string, publicKey: string) {
    this.#connection = connection;
    this.#secret = secret;
    this.publicKey = publicKey;
    void this.#hear();
  }

  /**
   * Connects to the session of the user whose home this is, after making sure that nobody else has a hand in its socket.
   *
   * @param env where `XDG_RUNTIME_DIR` is looked up.
   * @throws {PuddleAbsentError | PuddleLockedError | UserError} with what to do about it.
   */
  static async connect(
    home: string,
    env: Readonly<Record<string, string | undefined>>,
  ): Promise<PuddleSession> {
    const publicKey = await readPublicKey(home);
    if (publicKey === undefined) throw new PuddleAbsentError();
    const session = await PuddleSession.find(sessionPlace(home, env), publicKey);
    if (!session) throw new PuddleLockedError();
    const status = await session.status();
    if (status.publicKey === publicKey) return session;
    session.close();
    throw new UserError(
      'The session holds another key than this home. Run "vigo swarm puddle lock", then "vigo swarm puddle unlock"',
    );
  }

  /** The session that listens at a place, whichever key it holds; nothing if there is none. */
  static async find(
    place: SessionPlace,
    publicKey: string,
  ): Promise<PuddleSession | undefined> {
    const secret = await readSessionSecret(place);
    if (secret === undefined) return undefined;
    try {
      const connection = await Deno.connect({ transport: "unix", path: place.socket });
      return new PuddleSession(connection, secret, publicKey);
    } catch (error) {
      // A helper that was killed leaves its socket.
      if (errorCode(error) === "ECONNREFUSED" || error instanceof Deno.errors.NotFound) {
        return undefined;
      }
      throw error;
    }
  }

  /**
   * A signature, 64 raw bytes.
   *
   * @param tag what is signed, one of the tags that a session signs.
   * @param bytes the whole canonical frame; it begins with the tag and a zero byte.
   * @throws {PuddleLockedError} if the session ends before it has answered.
   * @throws {UserError} if it refuses.
   */
  async sign(tag: string, bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    const answer = await this.#ask({ do: "SIGN", tag, bytes: bytes.toBase64() });
    if ("signature" in answer) return Uint8Array.fromHex(answer.signature);
    throw new PuddleLockedError();
  }

  /** What the session says of itself. @throws {PuddleLockedError} if it has ended. */
  async status(): Promise<SessionStatus> {
    const answer = await this.#ask({ do: "STATUS" });
    if ("status" in answer) return answer.status;
    throw new PuddleLockedError();
  }

  /** Ends the session: nobody holds the private key when this returns. */
  async lock(): Promise<void> {
    await this.#ask({ do: "LOCK" });
    this.close();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#connection.close();
    } catch (error) {
      // The runtime closes a connection itself when the other side has.
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #ask(request: Unsent): Promise<SessionAnswer & { ok: true }> {
    if (this.#isClosed) throw new PuddleLockedError();
    const waiter = Promise.withResolvers<SessionAnswer>();
    this.#waiting.push(waiter);
    const line = new TextEncoder().encode(
      `${JSON.stringify({ ...request, secret: this.#secret })}\n`,
    );
    // Writes are queued, so that two long lines are never mixed.
    this.#sending = this.#sending.then(() => this.#write(line)).catch((cause) =>
      this.#fail(new PuddleLockedError(cause))
    );
    const answer = await waiter.promise;
    if (answer.ok) return answer;
    throw new UserError(`The session refuses: ${answer.reason}`, {
      exitCode: EXIT_CODE.refused,
    });
  }

  async #write(line: Uint8Array): Promise<void> {
    for (let at = 0; at < line.length;) {
      at += await this.#connection.write(line.subarray(at));
    }
  }

  async #hear(): Promise<void> {
    try {
      for await (const line of readLines(this.#connection.readable, MAX_SESSION_LINE_BYTES)) {
        this.#waiting.shift()?.resolve(sessionAnswerSchema.parse(JSON.parse(line)));
      }
      this.#fail(new PuddleLockedError());
    } catch (cause) {
      this.#fail(new PuddleLockedError(cause));
    }
  }

  #fail(error: Error): void {
    this.close();
    for (const waiter of this.#waiting.splice(0)) waiter.reject(error);
  }
}
