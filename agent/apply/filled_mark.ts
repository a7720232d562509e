import { createHmac, randomBytes } from "node:crypto";
import { canonicalJson, type Json } from "../../shared/canonical/canonical_json.ts";
import { type BundleResource, resourceLeaf } from "../../shared/config/policy_bundle.ts";
import { isSecret } from "./fill_parameters.ts";

/** Stands for what a resource was with everything filled in, so that two runs can be compared. */
export interface FilledMark {
  /** Hex; of the filled parameters without their secrets, and of which secrets go where. */
  readonly digest: string;
  /**
   * Of a resource with secrets alone: covers their values too. The key behind it ends with the process: whoever stored the
   * mark without it could compare nothing, and whoever stored both would let a short secret be guessed.
   */
  readonly secretMark?: string;
}

/** Marks resources for as long as one process lives. */
export class FilledMarker {
  readonly #key = randomBytes(32);

  /** @param masked What was filled in with `«secret»` for each secret; undefined if a template cannot do with that. */
  mark(
    resource: BundleResource,
    filled: Readonly<Record<string, Json>>,
    masked: Readonly<Record<string, Json>> | undefined,
  ): FilledMark {
    const { deferred = [], ...rest } = resource;
    const secrets = deferred.filter(isSecret);
    if (secrets.length === 0) return { digest: digestOf({ ...rest, params: filled }) };
    const known = masked === undefined ? resource : { ...rest, params: masked, deferred: secrets };
    return {
      digest: digestOf(known),
      secretMark: createHmac("sha256", this.#key).update(canonicalJson(filled)).digest("hex"),
    };
  }
}

function digestOf(resource: Parameters<typeof resourceLeaf>[0]): string {
  return resourceLeaf(resource).toHex();
}
