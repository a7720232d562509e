import type { PolicyBundle } from "../../shared/config/policy_bundle.ts";
import { secretPathsOf } from "../../shared/config/policy_bundle.ts";
import { Secret } from "../../shared/crypto/secret.ts";
import { ResolveSecretsRequest, ResolveSecretsResponse } from "../../shared/proto/agent.ts";
import type { SecretSource } from "../apply/secret_source.ts";
import type { CallOutcome } from "../server_link/server_gateway.ts";
import { createRedactor, type Redact } from "./redactor.ts";

/** Paths in one call; the server takes no more. */
const PATHS_PER_CALL = 50;
/** Values that are no longer in force and still looked for in what is reported: a file may hold one until it is changed. */
const MAX_RETIRED = 500;

/** Makes signed calls to the server. */
export interface SecretCaller {
  call(method: "ResolveSecrets", body: Uint8Array): Promise<CallOutcome<Uint8Array>>;
}

/** Where a resolution tells what happened, without values. */
export interface SecretLog {
  info(message: string, properties?: Record<string, unknown>): void;
  warn(message: string, properties?: Record<string, unknown>): void;
}

/** What the last check-in was answered about secrets; undefined when the server did not answer. */
export type SecretNews =
  | { readonly secretEpoch: number; readonly suspectedClone: boolean }
  | undefined;

const OFFLINE = "secret not available offline";

/**
 * The secrets that the held policy names, in this process's memory and nowhere else. They are resolved again when the server
 * says that one has changed, and stay while it is away; a process that starts without the server has none.
 */
export class SecretKeeper implements SecretSource {
  readonly #caller: SecretCaller;
  readonly #log: SecretLog;
  readonly #values = new Map<string, Secret>();
  /** What the server has answered for at this epoch, those that do not exist included. */
  readonly #answered = new Set<string>();
  readonly #reasons = new Map<string, string>();
  #retired: Secret[] = [];
  #wanted: ReadonlySet<string> = new Set();
  #epoch = 0;
  /** Made when it is next needed. */
  #redact: Redact | undefined;

  constructor(caller: SecretCaller, log: SecretLog) {
    this.#caller = caller;
    this.#log = log;
  }

  /** At which epoch everything that is held was resolved; 0 while something is still to be asked for. */
  get epoch(): number {
    return this.#isComplete() ? this.#epoch : 0;
  }

  get(path: string): ReturnType<SecretSource["get"]> {
    const secret = this.#values.get(path);
    if (secret) return { ok: true, secret };
    return { ok: false, reason: this.#reasons.get(path) ?? OFFLINE };
  }

  /** Replaces whatever holds a form of a secret, also of one that is no longer in force. */
  readonly redact = (text: string): string => {
    this.#redact ??= createRedactor(
      [...this.#values.values(), ...this.#retired].map((secret) => secret.reveal()),
    );
    return this.#redact(text);
  };

  /** Makes what is held fit the policy that is held, as far as the server lets it. */
  async refresh(bundle: PolicyBundle | undefined, news: SecretNews): Promise<void> {
    this.#wanted = new Set(secretPathsOf(bundle?.resources ?? []));
    for (const path of this.#values.keys()) if (!this.#wanted.has(path)) this.#forget(path);
    for (const path of this.#answered) if (!this.#wanted.has(path)) this.#answered.delete(path);
    this.#reasons.clear();
    if (!news) return this.#explainMissing(() => OFFLINE);
    if (news.suspectedClone) {
      return this.#explainMissing((path) =>
        `secret ${quote(path)} is not given to an identity that two machines seem to use`
      );
    }
    if (news.secretEpoch !== this.#epoch) this.#answered.clear();
    const open = [...this.#wanted].filter((path) => !this.#answered.has(path));
    if (open.length > 0) await this.#resolve(open, bundle?.serial ?? 0);
    else this.#epoch = news.secretEpoch;
    for (const path of this.#wanted) {
      if (this.#answered.has(path) && !this.#values.has(path)) {
        this.#reasons.set(
          path,
          `secret ${
            quote(path)
          } does not exist on the server. Set it with: vigocli secrets set ${path}`,
        );
      }
    }
  }

  async #resolve(open: readonly string[], bundleSerial: number): Promise<void> {
    let epoch = Number.MAX_SAFE_INTEGER;
    for (let from = 0; from < open.length; from += PATHS_PER_CALL) {
      const paths = open.slice(from, from + PATHS_PER_CALL);
      const body = ResolveSecretsRequest.encode({ paths, bundleSerial }).finish();
      const answer = read(await this.#caller.call("ResolveSecrets", body), paths);
      if (!answer.ok) {
        this.#log.warn("secrets cannot be resolved", {
          count: open.length - from,
          reason: answer.reason,
        });
        return this.#explainMissing((path) => `secret ${quote(path)}: ${answer.reason}`);
      }
      // What changed between two calls is resolved again when the higher epoch is told.
      epoch = Math.min(epoch, answer.epoch);
      for (const path of paths) this.#take(path, answer.secrets.get(path));
    }
    const isWhole = open.length === this.#wanted.size;
    this.#epoch = isWhole ? epoch : Math.min(epoch, this.#epoch);
    this.#log.info("secrets resolved", { count: open.length, epoch });
  }

  #take(path: string, secret: Secret | "missing" | undefined): void {
    if (secret === undefined) {
      this.#reasons.set(
        path,
        `secret ${quote(path)} cannot be read by the server, whose log says why`,
      );
      return;
    }
    this.#answered.add(path);
    if (secret === "missing") return this.#forget(path);
    if (this.#values.get(path)?.reveal() === secret.reveal()) return;
    this.#forget(path);
    this.#values.set(path, secret);
    this.#redact = undefined;
  }

  #forget(path: string): void {
    const value = this.#values.get(path);
    if (!value) return;
    this.#values.delete(path);
    this.#retired = [...this.#retired, value].slice(-MAX_RETIRED);
  }

  #explainMissing(reason: (path: string) => string): void {
    for (const path of this.#wanted) {
      if (!this.#values.has(path) && !this.#reasons.has(path)) {
        this.#reasons.set(path, reason(path));
      }
    }
  }

  #isComplete(): boolean {
    return [...this.#wanted].every((path) => this.#answered.has(path));
  }
}

function quote(path: string): string {
  return JSON.stringify(path);
}

type Answer =
  | {
    readonly ok: true;
    readonly epoch: number;
    readonly secrets: ReadonlyMap<string, Secret | "missing">;
  }
  | { readonly ok: false; readonly reason: string };

/** An answer of the server, of which nothing is quoted. */
function read(outcome: CallOutcome<Uint8Array>, asked: readonly string[]): Answer {
  if (!outcome.ok) return { ok: false, reason: outcome.failure.message };
  const secrets = new Map<string, Secret | "missing">();
  try {
    const { epoch, secrets: given } = ResolveSecretsResponse.decode(outcome.value);
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    for (const { path, value, missing } of given) {
      if (!asked.includes(path)) {
        return { ok: false, reason: "the server answers what nobody asked" };
      }
      if (missing) secrets.set(path, "missing");
      else if (value.length > 0) secrets.set(path, new Secret(decoder.decode(value)));
    }
    return { ok: true, epoch, secrets };
  } catch {
    // The cause could quote what it could not read.
    return { ok: false, reason: "the server's answer cannot be read" };
  }
}
