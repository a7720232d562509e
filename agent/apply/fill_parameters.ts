import type { Liquid } from "liquidjs";
import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { BundleResource, DeferredValue } from "../../shared/config/policy_bundle.ts";
import { SECRET_MASK } from "../../shared/crypto/secret.ts";
import { DeferredValueError, fillDeferred } from "../../shared/templates/fill_deferred.ts";
import { parseJsonPointer } from "../../shared/templates/json_place.ts";
import { type GivenParameters, literalParameters } from "../resources/bind_resource.ts";
import type { MachineFacts } from "./machine_facts.ts";
import type { SecretSource } from "./secret_source.ts";

export type FilledParameters =
  | { readonly ok: true; readonly given: GivenParameters }
  | { readonly ok: false; readonly reason: string };

/** Completes the parameters of a resource with what the server left out; a value that is not to be had is a reason. */
export function fillParameters(
  { params, deferred }: BundleResource,
  facts: MachineFacts,
  secrets: SecretSource,
  templates: () => Liquid,
): FilledParameters {
  if (deferred === undefined || deferred.length === 0) {
    return { ok: true, given: literalParameters(params) };
  }
  let missing: string | undefined;
  const secret = (path: string) => {
    const answer = secrets.get(path);
    if (answer.ok) return answer.secret.reveal();
    missing ??= answer.reason;
    return undefined;
  };
  try {
    const filled = fillDeferred(params, deferred, { traits: facts.traits, secret }, templates());
    const secretPlaces = deferred.filter(isSecret).map(({ at }) => parseJsonPointer(at));
    return { ok: true, given: { ...filled, secretPlaces } };
  } catch (error) {
    if (!(error instanceof DeferredValueError)) throw error;
    return { ok: false, reason: missing ?? error.message };
  }
}

/** The parameters with `«secret»` for every secret; undefined if a template cannot do with that. */
export function maskParameters(
  { params, deferred = [] }: BundleResource,
  { traits }: MachineFacts,
  templates: () => Liquid,
): Readonly<Record<string, Json>> | undefined {
  try {
    const secret = () => SECRET_MASK;
    return fillDeferred(params, deferred, { traits, secret }, templates()).params;
  } catch (error) {
    if (!(error instanceof DeferredValueError)) throw error;
    return undefined;
  }
}

/** Whether a resource has a parameter that is a secret or holds one. */
export function holdsSecret({ deferred = [] }: BundleResource): boolean {
  return deferred.some(isSecret);
}

/** Whether a value is a secret, or a template that names one. */
export function isSecret({ value }: DeferredValue): boolean {
  return value.kind === "secret" || value.secrets.length > 0;
}
