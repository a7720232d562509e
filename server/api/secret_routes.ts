import { Secret } from "../../shared/crypto/secret.ts";
import type { SecretInfoAnswer } from "../../shared/rest/secrets.ts";
import type { secretRecipeSchema } from "../../shared/rest/secrets.ts";
import type { SecretInfo, SecretRecipe } from "../secrets/secret_backend.ts";
import type { SecretVault } from "../secrets/secret_vault.ts";
import type { z } from "zod";
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
export function secretRoutes(vault: SecretVault): RouteTable<SecretEndpoints> {
  return {
    secretList: async () => {
      const { secrets, problems } = await vault.list();
      return { secrets: secrets.map(toAnswer), problems: [...problems] };
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
    secretDelete: async ({ body: { path }, principal }) =>
      unwrap(await vault.delete(path, principal)),
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
