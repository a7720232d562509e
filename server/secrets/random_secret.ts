import { randomInt } from "node:crypto";
import { Secret } from "../../shared/crypto/secret.ts";
import type { SecretRecipe } from "./secret_backend.ts";

/** 32 letters and digits: 190 bits, and nothing that a shell, a URL or a configuration file reads as more than a letter. */
export const DEFAULT_RECIPE: SecretRecipe = {
  length: 32,
  alphabet: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
};

/** A value of `length` characters, each drawn evenly from the alphabet by the system's generator. */
export function generateSecret({ length, alphabet }: SecretRecipe): Secret {
  // By characters, not by UTF-16 code units, or half of one could be drawn.
  const characters = [...alphabet];
  const drawn = Array.from({ length }, () => characters[randomInt(characters.length)]);
  return new Secret(drawn.join(""));
}
