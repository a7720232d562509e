import { Secret } from "../../shared/crypto/secret.ts";
import type { SecretInfoAnswer } from "../../shared/rest/secrets.ts";
import type { secretRecipeSchema } from "../../shared/rest/secrets.ts";
import type { SecretUsers } from "../publish/secret_users.ts";
import type { SecretInfo, SecretRecipe } from "../secrets/secret_backend.ts";
import type { SecretVault } from "../secrets/secret_vault.ts";
import type { z } from "zod";
import { ApiError } from "./api_error.ts";
import { paginate } from "./paginate.ts";
import type { RouteTable } from "./route.ts";
import { unwrap } from "./service_answer_error.ts";

type SecretEndpoints =
  | "secretList"
  | "secretShow"
  | "secretReveal"
  | "secretSet"
  | "secretDelete"
  | "secretRotate";

/** What people do with secrets. One handler alone lets a value out. */
export function secretRoutes(
  vault: SecretVault,
  usersOf: (path: string) => Promise<SecretUsers>,
): RouteTable<SecretEndpoints> {
  return {
    secretList: async ({ query }) => {
      const { secrets, problems } = await vault.list();
      const { page, nextCursor } = paginate(secrets, ({ path }) => path, query);
      return {
        secrets: page.map(toAnswer),
        problems: query.cursor === undefined ? [...problems] : [],
        nextCursor,
      };
    },
    secretShow: async ({ query: { path } }) => toAnswer(unwrap(await vault.show(path))),
    secretReveal: async ({ body: { path }, principal }) => {
      const { info, value } = unwrap(await vault.reveal(path, principal));
      return { ...toAnswer(info), value: value.reveal() };
    },
    secretSet: async ({ body, principal }) => {
      const given = "value" in body
        ? { value: new Secret(body.value) }
        : { recipe: toRecipe(body.generate) };
      return toAnswer(unwrap(await vault.set(body.path, given, principal)));
    },
    secretDelete: async ({ body: { path, force }, principal }) => {
      const isThere = (await vault.missing([path])).length === 0;
      const users = isThere && !force ? await usersOf(path) : undefined;
      if (users && users.hosts.length > 0) throw new ApiError(409, explainUse(path, users));
      return unwrap(await vault.delete(path, principal));
    },
    secretRotate: async ({ body, principal }) => {
      const { rotated, kept } = unwrap(
        "all" in body
          ? await vault.rotateAll(principal)
          : await vault.rotate(body.path, body.generate && toRecipe(body.generate), principal),
      );
      return { rotated: rotated.map(toAnswer), kept: kept.map(toAnswer) };
    },
  };
}

/** Most hosts and crates that a message names; the rest is counted. */
const MAX_NAMED = 5;

function explainUse(path: string, { hosts, crates }: SecretUsers): string {
  return `Cannot delete secret "${path}": ${listSome(crates)} names it, for ${
    listSome(hosts)
  }, where those resources would stay as they are. ` +
    "Publish stacks that do not name it first, or add --force";
}

function listSome(names: readonly string[]): string {
  const left = names.length - MAX_NAMED;
  return names.slice(0, MAX_NAMED).join(", ") + (left > 0 ? ` and ${left} more` : "");
}

function toAnswer({ path, version, updatedAtMs, recipe }: SecretInfo): SecretInfoAnswer {
  return { path, version, updatedAtMs, recipe: recipe ?? null };
}

function toRecipe(
  { length, alphabet }: z.output<typeof secretRecipeSchema>,
): Partial<SecretRecipe> {
  return {
    ...(length === undefined ? {} : { length }),
    ...(alphabet === undefined ? {} : { alphabet }),
  };
}
