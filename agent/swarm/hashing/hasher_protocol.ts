/** What the hasher is asked. Jobs are told apart by `id`. */
export type ToHasher =
  /** Hash a whole file: its SHA-256 and its chunk digests in one pass. */
  | {
    readonly kind: "scan";
    readonly id: number;
    readonly path: string;
    readonly chunkSizeBytes: number;
  }
  /** Begin a SHA-256 along a file that is still being filled. */
  | { readonly kind: "begin"; readonly id: number; readonly path: string }
  /** Everything before `endBytes` is final. */
  | { readonly kind: "advance"; readonly id: number; readonly endBytes: number }
  /** Answer with the digest of what was hashed so far. */
  | { readonly kind: "finish"; readonly id: number }
  | { readonly kind: "forget"; readonly id: number }
  /** Tell which rights the worker has; see `heldRights`. */
  | { readonly kind: "rights"; readonly id: number; readonly folder: string };

export type FromHasher =
  | {
    readonly kind: "scanned";
    readonly id: number;
    readonly sizeBytes: number;
    readonly sha256: string;
    readonly digests: Uint8Array<ArrayBuffer>;
  }
  | { readonly kind: "finished"; readonly id: number; readonly sha256: string }
  | { readonly kind: "rights"; readonly id: number; readonly rights: readonly string[] }
  | { readonly kind: "failed"; readonly id: number; readonly reason: string };
