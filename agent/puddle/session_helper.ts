import { timingSafeEqual } from "node:crypto";
import type { Signer } from "../../shared/crypto/ed25519.ts";
import { SESSION_TAGS } from "../../shared/puddle/session_tags.ts";
import { writeFileDurable } from "../../shared/platform/durable_write.ts";
import { FileLock } from "../runtime/cycle_lock.ts";
import { isAbsent } from "../store/is_absent.ts";
import { lstatIfPresent } from "./guarded_file.ts";
import { readLines } from "./line_stream.ts";
import { puddlePaths } from "./puddle_paths.ts";
import { makeSessionFolder, type SessionPlace } from "./session_place.ts";
import {
  MAX_SESSION_LINE_BYTES,
  type SessionAnswer,
  sessionRequestSchema,
  type SessionStatus,
} from "./session_protocol.ts";

/** How long a session lasts that nothing is asked of, in ms. */
export const SESSION_IDLE_MS = 8 * 60 * 60_000;
/** Callers at once; more wait for nothing and are cut off. */
const MAX_CONNECTIONS = 32;
/** How often a session looks whether its identity and its socket are still there, in ms. */
const WATCH_EVERY_MS = 30_000;

/** An answer, whether the connection ends with it, and whether the session does. */
interface Reply {
  readonly answer: SessionAnswer;
  readonly isLast?: boolean;
  readonly isEnd?: boolean;
}

/** What a session's helper works with. */
export interface SessionHelperOptions {
  readonly home: string;
  readonly place: SessionPlace;
  readonly signer: Signer;
  readonly idleMs: number;
  readonly watchEveryMs?: number;
  nowMs(): number;
  /** Ends the session. */
  readonly signal: AbortSignal;
}

/**
 * A session: holds the private key and answers `SIGN`, `STATUS` and `LOCK` on its socket, to whoever knows its secret. It
 * ends when it is told to, when nothing was asked for long, and when the identity or its socket has gone.
 */
export class SessionHelper {
  /** Settles when nothing holds the key any more. */
  readonly ended: Promise<void>;
  readonly #options: SessionHelperOptions;
  readonly #secret: Uint8Array;
  readonly #listener: Deno.UnixListener;
  readonly #connections = new Set<Deno.UnixConn>();
  readonly #startedAtMs: number;
  readonly #end = Promise.withResolvers<void>();
  #signer: Signer | undefined;
  #endsAtMs = 0;
  #idle: ReturnType<typeof setTimeout> | undefined;

  private constructor(
    options: SessionHelperOptions,
    secret: Uint8Array,
    listener: Deno.UnixListener,
    lock: FileLock,
  ) {
    this.#options = options;
    this.#secret = secret;
    this.#listener = listener;
    this.#signer = options.signer;
    this.#startedAtMs = options.nowMs();
    this.#noteUse();
    const stop = () => this.#end.resolve();
    options.signal.addEventListener("abort", stop, { once: true });
    if (options.signal.aborted) stop();
    const accepting = this.#accept();
    const watch = setInterval(
      () => void this.#watch(),
      options.watchEveryMs ?? WATCH_EVERY_MS,
    );
    this.ended = this.#end.promise.then(async () => {
      this.#signer = undefined;
      clearInterval(watch);
      clearTimeout(this.#idle);
      listener.close();
      for (const connection of this.#connections) close(connection);
      await accepting;
      await this.#removeTraces();
      lock[Symbol.dispose]();
    });
  }

  /**
   * Takes the place of a session that was killed; another one's never.
   *
   * @throws {LockHeldError} if a session runs there.
   * @throws {UserError} if somebody else has a hand in the folder.
   */
  static async listen(options: SessionHelperOptions): Promise<SessionHelper> {
    const { place, home, nowMs, signer } = options;
    await makeSessionFolder(place);
    const lock = await FileLock.take(`${place.folder}/puddle.lock`, {
      pid: Deno.pid,
      what: "a session of the puddle",
      sinceMs: nowMs(),
    });
    try {
      await removeIfPresent(place.socket);
      const secret = crypto.getRandomValues(new Uint8Array(32));
      await writeFileDurable(place.secret, secret.toHex(), { mode: 0o600 });
      // The folder lets nobody else in, so there is no moment in which others could connect.
      const listener = Deno.listen({ transport: "unix", path: place.socket });
      try {
        await Deno.chmod(place.socket, 0o600);
        const sentinel = {
          pid: Deno.pid,
          startedAtMs: nowMs(),
          publicKey: signer.publicKey.toHex(),
          socket: place.socket,
        };
        await writeFileDurable(puddlePaths(home).unlocked, `${JSON.stringify(sentinel)}\n`, {
          mode: 0o600,
        });
      } catch (error) {
        listener.close();
        throw error;
      }
      return new SessionHelper(options, secret, listener, lock);
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  get status(): SessionStatus {
    return {
      publicKey: this.#options.signer.publicKey.toHex(),
      pid: Deno.pid,
      startedAtMs: this.#startedAtMs,
      endsAtMs: this.#endsAtMs,
    };
  }

  async #accept(): Promise<void> {
    const serving: Promise<void>[] = [];
    for await (const connection of this.#listener) {
      if (this.#connections.size >= MAX_CONNECTIONS) {
        connection.close();
        continue;
      }
      this.#connections.add(connection);
      serving.push(this.#serve(connection));
    }
    await Promise.all(serving);
  }

  async #serve(connection: Deno.UnixConn): Promise<void> {
    try {
      for await (const line of readLines(connection.readable, MAX_SESSION_LINE_BYTES)) {
        const { answer, isLast, isEnd } = await this.#answer(line);
        const bytes = new TextEncoder().encode(`${JSON.stringify(answer)}\n`);
        for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
        if (isEnd) this.#end.resolve();
        if (isLast) break;
      }
    } catch {
      // A caller that hangs up, or says what is no line, is told nothing more.
    } finally {
      this.#connections.delete(connection);
      close(connection);
    }
  }

  async #answer(line: string): Promise<Reply> {
    const refuse = (reason: string, isEnd = false): Reply => ({
      answer: { ok: false, reason },
      isLast: true,
      isEnd,
    });
    const parsed = sessionRequestSchema.safeParse(parseJson(line));
    if (!parsed.success) return refuse("it does not know this request; is vigo of one version?");
    const request = parsed.data;
    if (!this.#isSecret(request.secret)) return refuse("the secret is another session's");
    const signer = this.#signer;
    if (!signer) return refuse("it has ended");
    this.#noteUse();
    switch (request.do) {
      case "STATUS":
        return { answer: { ok: true, status: this.status } };
      case "LOCK":
        // The key is gone before the answer is read; the rest of the end follows.
        this.#signer = undefined;
        return { answer: { ok: true }, isLast: true, isEnd: true };
      case "SIGN": {
        const bytes = Uint8Array.fromBase64(request.bytes);
        if (!SESSION_TAGS.includes(request.tag)) {
          return refuse(`it does not sign ${request.tag}: that needs the passphrase`);
        }
        if (!beginsWithTag(bytes, request.tag)) {
          return refuse(`what is to be signed does not begin with ${request.tag}`);
        }
        if (!await this.#hasIdentity()) {
          return refuse("its identity is gone from the home", true);
        }
        return { answer: { ok: true, signature: signer.sign(bytes).toHex() } };
      }
    }
  }

  #isSecret(hex: string): boolean {
    return /^[0-9a-f]{64}$/.test(hex) && timingSafeEqual(Uint8Array.fromHex(hex), this.#secret);
  }

  #noteUse(): void {
    const { idleMs, nowMs } = this.#options;
    this.#endsAtMs = nowMs() + idleMs;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#end.resolve(), idleMs);
  }

  /** Scrubbing, leaving and the end of the last login remove what a session rests on. */
  async #watch(): Promise<void> {
    const { place } = this.#options;
    try {
      const socket = await lstatIfPresent(place.socket);
      if (socket?.isSocket() && await this.#hasIdentity()) return;
    } catch {
      // A home that cannot be looked at is none to hold a key for.
    }
    this.#end.resolve();
  }

  async #hasIdentity(): Promise<boolean> {
    return await lstatIfPresent(puddlePaths(this.#options.home).wrapped) !== undefined;
  }

  async #removeTraces(): Promise<void> {
    const { place, home } = this.#options;
    for (const path of [place.socket, place.secret, puddlePaths(home).unlocked]) {
      // What cannot be removed deceives nobody: a session is believed only where one answers.
      await removeIfPresent(path).catch(() => {});
    }
  }
}

/** The runtime closes a connection itself when the other side has. */
function close(connection: Deno.UnixConn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

function beginsWithTag(bytes: Uint8Array, tag: string): boolean {
  const start = new TextEncoder().encode(`${tag}\0`);
  return start.every((byte, index) => bytes[index] === byte);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

async function removeIfPresent(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}
