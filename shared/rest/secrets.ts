import { z } from "zod";
import { secretPath } from "../config/policy_bundle.ts";
import { endpoint } from "./endpoint.ts";
import { pageOf, pageQuery } from "./page.ts";

/** Characters of a value; the limit in bytes is the server's, and lower. */
const MAX_VALUE_LENGTH = 64 * 1024;
/** Fewest characters of a generated value that nobody guesses, of the smallest alphabet: ten digits make 53 bits. */
export const MIN_GENERATED_LENGTH = 16;
export const MAX_GENERATED_LENGTH = 4096;

export const secretRecipeSchema = z.strictObject({
  /** In characters. Default: 32. */
  length: z.number().int().min(MIN_GENERATED_LENGTH).max(MAX_GENERATED_LENGTH).optional(),
  /** Characters to draw from, each once. Default: letters and digits. */
  alphabet: z.string().max(256).refine(
    (text) => new Set(text).size === [...text].length && [...text].length >= 10,
    { error: "expected at least 10 characters, each once" },
  ).refine((text) => !/\p{Cc}/u.test(text), { error: "expected no control characters" }).optional(),
});

export const secretInfoSchema = z.object({
  path: z.string(),
  /** Rises by one with each value. */
  version: z.number().int(),
  updatedAtMs: z.number().int(),
  /** Length and alphabet, if the value was made up by the server; null if somebody chose it. */
  recipe: z.object({ length: z.number().int(), alphabet: z.string() }).nullable(),
});
export type SecretInfoAnswer = z.infer<typeof secretInfoSchema>;

export const secretList = endpoint({
  method: "GET",
  path: "/secrets",
  summary: "List secrets by path, without their values",
  permission: "admin",
  query: pageQuery(),
  body: z.undefined(),
  answer: pageOf({
    secrets: z.array(secretInfoSchema),
    /** Files among the secrets that are none; with the first page. */
    problems: z.array(z.string()),
  }),
});

export const secretShow = endpoint({
  method: "GET",
  path: "/secrets/show",
  summary: "Show that a secret exists, without its value",
  permission: "admin",
  query: z.object({ path: secretPath }),
  body: z.undefined(),
  answer: secretInfoSchema,
});

/** A POST, since it leaves an audit record and its answer belongs in no cache. */
export const secretReveal = endpoint({
  method: "POST",
  path: "/secrets/reveal",
  summary: "Show the value of a secret",
  permission: "admin",
  query: z.object({}),
  body: z.strictObject({ path: secretPath }),
  answer: secretInfoSchema.extend({ value: z.string() }),
});

export const secretSet = endpoint({
  method: "POST",
  path: "/secrets/set",
  summary: "Keep a secret: the value given, or one made up by the server",
  permission: "admin",
  query: z.object({}),
  body: z.union([
    z.strictObject({ path: secretPath, value: z.string().min(1).max(MAX_VALUE_LENGTH) }),
    z.strictObject({ path: secretPath, generate: secretRecipeSchema }),
  ], { error: 'expected "path" with either "value" or "generate"' }),
  answer: secretInfoSchema,
});

export const secretDelete = endpoint({
  method: "POST",
  path: "/secrets/delete",
  summary: "Delete a secret",
  permission: "admin",
  query: z.object({}),
  body: z.strictObject({
    path: secretPath,
    /** Also one that a live policy names. */
    force: z.boolean().default(false),
  }),
  answer: z.object({ path: z.string() }),
});

export const secretRotate = endpoint({
  method: "POST",
  path: "/secrets/rotate",
  summary: "Make new values for secrets that the server made up",
  permission: "admin",
  query: z.object({}),
  body: z.union([
    z.strictObject({ path: secretPath, generate: secretRecipeSchema.optional() }),
    z.strictObject({ all: z.literal(true) }),
  ], { error: 'expected either "path" or "all": true' }),
  answer: z.object({
    rotated: z.array(secretInfoSchema),
    /** Their values were chosen by somebody, so they keep them. */
    kept: z.array(secretInfoSchema),
  }),
});
