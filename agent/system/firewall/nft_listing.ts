import { z } from "zod";
import { canonicalJson, type Json } from "../../../shared/canonical/canonical_json.ts";
import { sha256Hex } from "../../../shared/crypto/sha256.ts";
import { RULE_COMMENT } from "./nft_ruleset.ts";

/** What of a table can be told apart: its chains, and its rules in their order. */
export const listingSchema = z.strictObject({
  chains: z.array(z.string()),
  rules: z.array(z.strictObject({
    comment: z.string(),
    /** Over its chain and what it does, as nft(8) shows it. */
    digest: z.string(),
  })),
});

export type Listing = z.infer<typeof listingSchema>;

const nftSchema = z.object({
  nftables: z.array(z.looseObject({
    chain: z.looseObject({ name: z.string() }).optional(),
    rule: z.looseObject({
      chain: z.string(),
      comment: z.string().optional(),
      expr: z.array(z.json()),
    }).optional(),
  })),
});

/**
 * Reads what `nft -j list table` prints.
 *
 * @throws {Error} if it is something else.
 */
export function parseListing(text: string): Listing {
  const { nftables } = nftSchema.parse(JSON.parse(text));
  const chains: string[] = [];
  const rules: Listing["rules"] = [];
  for (const { chain, rule } of nftables) {
    if (chain !== undefined) {
      const { handle: _handle, ...rest } = chain;
      chains.push(digest(rest));
    }
    if (rule !== undefined) {
      const { chain: where, comment = "", expr } = rule;
      rules.push({ comment, digest: digest({ where, expr }) });
    }
  }
  return { chains, rules };
}

/** What differs between a table as it was loaded and as it is now. */
export function compareListings(loaded: Listing, now: Listing): {
  readonly ruleFaults: ReadonlyMap<string, string>;
  readonly faults: readonly string[];
} {
  const ruleFaults = new Map<string, string>();
  const found = new Map(now.rules.map(({ comment, digest }) => [comment, digest]));
  for (const { comment, digest } of loaded.rules) {
    if (!comment.startsWith(RULE_COMMENT) || found.get(comment) === digest) continue;
    ruleFaults.set(
      comment.slice(RULE_COMMENT.length),
      found.has(comment) ? "is another rule in the kernel" : "is not in the kernel",
    );
  }
  const isSame = ruleFaults.size > 0 || JSON.stringify(loaded) === JSON.stringify(now);
  return {
    ruleFaults,
    faults: isSame ? [] : ["table inet vigo has other rules, or another order, than it was given"],
  };
}

function digest(value: unknown): string {
  // Parsed from JSON above.
  return sha256Hex(canonicalJson(value as Json));
}
