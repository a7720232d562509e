import type { Secret } from "../../shared/crypto/secret.ts";
import { suggestName } from "../../shared/naming/nearest_name.ts";
import type { Logger } from "../../shared/platform/logging.ts";
import type { AuditLog } from "../audit/audit_log.ts";
import type { AuditPayload } from "../audit/audit_payload.ts";
import type { Principal } from "../service/principal.ts";
import { SerialQueue } from "../service/serial_queue.ts";
import { answered, refused, type ServiceAnswer } from "../service/service_answer.ts";
import type { Store } from "../store/store.ts";
import { DEFAULT_RECIPE, generateSecret } from "./random_secret.ts";
import {
  assertKeepable,
  type SecretBackend,
  SecretError,
  type SecretInfo,
  type SecretRecipe,
} from "./secret_backend.ts";
import { SecretEpoch } from "./secret_epoch.ts";

export interface SecretVaultOptions {
  readonly backend: SecretBackend;
  readonly store: Store;
  readonly audit: Pick<AuditLog, "record" | "recordInside">;
  readonly now: () => number;
  readonly logger: Logger;
}

type Actor = Pick<Principal, "name">;

/** A new value: one that somebody chose, or one to be made up. */
export type NewValue =
  | { readonly value: Secret }
  | { readonly recipe: Partial<SecretRecipe> };

/** Which secrets got another value, and which kept theirs because somebody chose it. */
export interface Rotation {
  readonly rotated: SecretInfo[];
  readonly kept: SecretInfo[];
}

/** What people do with secrets: every act is audited before it is done, and a change raises the epoch. */
export class SecretVault {
  readonly #options: SecretVaultOptions;
  readonly #epoch: SecretEpoch;
  readonly #changes = new SerialQueue();
  readonly #listeners = new Set<(paths: ReadonlySet<string>) => void>();

  private constructor(options: SecretVaultOptions, epoch: SecretEpoch) {
    this.#options = options;
    this.#epoch = epoch;
  }

  static async load(options: SecretVaultOptions): Promise<SecretVault> {
    return new SecretVault(options, await SecretEpoch.load(options.store.facts));
  }

  /** As agents are told. To be read before the values that are handed out under it. */
  get epoch(): number {
    return this.#epoch.current;
  }

  /** For the server's own use: not audited. @throws {SecretError} if what is kept cannot be read. */
  read(path: string): Promise<Secret | undefined> {
    return this.#options.backend.get(path);
  }

  /** Told of the paths after each change. */
  onChange(listener: (paths: ReadonlySet<string>) => void): void {
    this.#listeners.add(listener);
  }

  set(path: string, given: NewValue, actor: Actor): Promise<ServiceAnswer<SecretInfo>> {
    return this.#change([path], async () => {
      const recipe = "recipe" in given ? { ...DEFAULT_RECIPE, ...given.recipe } : undefined;
      const value = "value" in given ? given.value : generateSecret(recipe ?? DEFAULT_RECIPE);
      assertKeepable(path, value);
      const detail = recipe === undefined ? {} : { generated: recipe.length };
      return answered(await this.#keep("secret.set", path, value, recipe, actor, detail));
    });
  }

  async show(path: string): Promise<ServiceAnswer<SecretInfo>> {
    return await explained(async () => {
      const info = await this.#options.backend.info(path);
      return info ? answered(info) : await this.#unknown(path);
    });
  }

  async reveal(
    path: string,
    actor: Actor,
  ): Promise<ServiceAnswer<{ info: SecretInfo; value: Secret }>> {
    return await explained(async () => {
      const { backend, audit } = this.#options;
      const info = await backend.info(path);
      if (!info) return await this.#unknown(path);
      await audit.record(actor, "secret.reveal", { path, version: info.version });
      const value = await backend.get(path);
      return value ? answered({ info, value }) : await this.#unknown(path);
    });
  }

  /** Of these paths those that nothing is kept at, in their order: what a policy that names them would wait for. */
  async missing(paths: Iterable<string>): Promise<string[]> {
    const missing: string[] = [];
    for (const path of paths) {
      if (!await this.#options.backend.info(path).catch(asDamaged)) missing.push(path);
    }
    return missing;
  }

  async list(): Promise<{ secrets: readonly SecretInfo[]; problems: readonly string[] }> {
    return await this.#options.backend.list();
  }

  delete(path: string, actor: Actor): Promise<ServiceAnswer<{ path: string }>> {
    return this.#change([path], async () => {
      const { backend } = this.#options;
      // Whoever deletes a damaged one wants to be rid of it.
      const isThere = await backend.info(path).catch(asDamaged);
      if (!isThere) return await this.#unknown(path);
      await this.#act("secret.delete", { path }, actor, () => backend.delete(path));
      return answered({ path });
    });
  }

  /**
   * Makes a new value for a secret that was made up here. One that somebody chose keeps its value, since a random one opens
   * nothing, unless a recipe is given.
   */
  rotate(
    path: string,
    recipe: Partial<SecretRecipe> | undefined,
    actor: Actor,
  ): Promise<ServiceAnswer<Rotation>> {
    return this.#change([path], async () => {
      const info = await this.#options.backend.info(path);
      if (!info) return await this.#unknown(path);
      if (!info.recipe && !recipe) {
        return refused(
          409,
          `Cannot rotate secret "${path}": its value was chosen by somebody, and a random one may open nothing. Give the new value with: vigocli secrets set ${path}; or let it be made up from now on with: vigocli secrets rotate ${path} --generate`,
        );
      }
      return answered({ rotated: [await this.#renew(info, recipe, actor)], kept: [] });
    });
  }

  /** Makes new values for all secrets that were made up here. */
  async rotateAll(actor: Actor): Promise<ServiceAnswer<Rotation>> {
    const { secrets } = await this.#options.backend.list();
    const made = secrets.filter(({ recipe }) => recipe !== undefined);
    const kept = secrets.filter(({ recipe }) => recipe === undefined);
    return await this.#change(made.map(({ path }) => path), async () => {
      const rotated: SecretInfo[] = [];
      for (const info of made) rotated.push(await this.#renew(info, undefined, actor));
      return answered({ rotated, kept });
    });
  }

  async #unknown(path: string) {
    const { secrets } = await this.#options.backend.list();
    const hint = suggestName(path, secrets.map((info) => info.path)) ||
      ". List them with: vigocli secrets list";
    return refused(404, `There is no secret "${path}"${hint}`);
  }

  async #renew(
    info: SecretInfo,
    wanted: Partial<SecretRecipe> | undefined,
    actor: Actor,
  ): Promise<SecretInfo> {
    const recipe = { ...DEFAULT_RECIPE, ...info.recipe, ...wanted };
    const { path } = info;
    const detail = { generated: recipe.length };
    return await this.#keep("secret.rotate", path, generateSecret(recipe), recipe, actor, detail);
  }

  #keep(
    action: string,
    path: string,
    value: Secret,
    recipe: SecretRecipe | undefined,
    actor: Actor,
    detail: AuditPayload,
  ): Promise<SecretInfo> {
    const { backend } = this.#options;
    return this.#act(action, { path, ...detail }, actor, () => backend.set(path, value, recipe));
  }

  /** Records an act with the epoch that follows it, does it, and tells the epoch; a failed act is recorded too. */
  async #act<T>(
    action: string,
    payload: AuditPayload,
    actor: Actor,
    work: () => Promise<T>,
  ): Promise<T> {
    const { store, audit, now, logger } = this.#options;
    const next = await store.transaction(async (inside) => {
      await audit.recordInside(inside, actor, action, payload);
      return await this.#epoch.prepare(inside.facts, now());
    });
    try {
      return await work();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.error("{action} failed after it was recorded: {reason}", { action, reason });
      await audit.record(actor, `${action}_failed`, { ...payload, reason });
      throw error;
    } finally {
      this.#epoch.advance(next);
    }
  }

  /** One change at a time; afterwards whoever uses one of the paths hears of it. */
  #change<T>(
    paths: readonly string[],
    work: () => Promise<ServiceAnswer<T>>,
  ): Promise<ServiceAnswer<T>> {
    return this.#changes.run(async () => {
      const before = this.#epoch.current;
      const answer = await explained(work);
      if (this.#epoch.current !== before) {
        for (const listener of this.#listeners) listener(new Set(paths));
      }
      return answer;
    });
  }
}

function asDamaged(error: unknown): true {
  if (error instanceof SecretError) return true;
  throw error;
}

/** A value that cannot be kept and a file that cannot be read are for the operator, who reads why. */
async function explained<T>(work: () => Promise<ServiceAnswer<T>>): Promise<ServiceAnswer<T>> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SecretError) return refused(409, error.message);
    throw error;
  }
}
