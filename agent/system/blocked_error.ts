/**
 * The machine under a resource is at fault, not the resource: a full disk, a broken package source, a database that
 * another program holds. The envoy has diverged, but nothing failed that policy could mend.
 */
export class BlockedError extends Error {
  override readonly name = "BlockedError";
}
