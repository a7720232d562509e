import type { Liquid } from "liquidjs";
import type { Json } from "../canonical/canonical_json.ts";
import type { DeferredValue } from "../config/policy_bundle.ts";
import { type JsonPath, parseJsonPointer, replaceAt } from "./json_place.ts";
import type { TemplatedParameters } from "./parse_templated.ts";
import { Template, TemplateError, type TemplateScope } from "./template.ts";

/** What a machine has to fill in parameters. */
export interface MachineValues {
  /** Fresh traits, with the hostname bound at enrolment; see `identifiedTraits`. */
  readonly traits: object;
  /** The text of a secret, or undefined if it is not available. */
  secret(path: string): string | undefined;
}

/** A parameter cannot be filled in: a secret is not available, or a template names what the machine lacks. */
export class DeferredValueError extends Error {
  override readonly name = "DeferredValueError";
  constructor(
    message: string,
    /** What was missing. */
    readonly kind: "secret" | "template",
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * The parameters of a resource with what the server left out, to be held against the schema of its type by `parseTemplated`.
 * Nothing of the arguments is changed.
 *
 * @throws {DeferredValueError} if a value cannot be worked out now.
 */
export function fillDeferred(
  params: Readonly<Record<string, Json>>,
  deferred: readonly DeferredValue[],
  machine: MachineValues,
  engine: Liquid,
): TemplatedParameters {
  let filled: Json = params;
  const fromTemplates: JsonPath[] = [];
  for (const { at, value } of deferred) {
    const path = parseJsonPointer(at);
    if (value.kind === "secret") filled = replaceAt(filled, path, readSecret(value.path, machine));
    else {
      filled = replaceAt(filled, path, renderDeferred(at, value, machine, engine));
      if (!value.isText) fromTemplates.push(path);
    }
  }
  // Paths are never empty, so that what began as a map still is one.
  return { params: filled as Readonly<Record<string, Json>>, fromTemplates };
}

function renderDeferred(
  at: string,
  value: Extract<DeferredValue["value"], { kind: "template" }>,
  machine: MachineValues,
  engine: Liquid,
): Json {
  // A bundle is parsed JSON, whose type only does not say so.
  let scope = value.scope as unknown as Json;
  try {
    for (const { at: place, path } of value.secrets) {
      scope = replaceAt(scope, parseJsonPointer(place), readSecret(path, machine));
    }
    for (const { at: place, text } of value.templates ?? []) {
      const rendered = new Template(text, engine).evaluate(completeScope(scope, machine));
      scope = replaceAt(scope, parseJsonPointer(place), rendered);
    }
    const template = new Template(value.text, engine);
    const complete = completeScope(scope, machine);
    return value.isText ? template.render(complete) : template.evaluate(complete);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new DeferredValueError(
      `cannot fill in ${JSON.stringify(at.slice(1))}: ${error.message}`,
      "template",
      { cause: error },
    );
  }
}

function completeScope(scope: Json, { traits }: MachineValues): TemplateScope {
  // The scope of a bundle, in which only values were replaced.
  const { vars, env, item } = scope as { vars: object; env?: string; item?: Json };
  return {
    vars,
    traits,
    ...(env === undefined ? {} : { env }),
    ...(item === undefined ? {} : { item }),
  };
}

function readSecret(path: string, machine: MachineValues): string {
  const text = machine.secret(path);
  if (text !== undefined) return text;
  throw new DeferredValueError(`secret ${JSON.stringify(path)} is not available`, "secret");
}
