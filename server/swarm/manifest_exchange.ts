import type { EnvoyState } from "../fleet/envoy_state.ts";

/** Cells of the whole manifest, as their JSON, and where the next ones begin. */
export interface ManifestPage {
  readonly next: string;
  readonly isComplete: boolean;
  readonly entries: readonly Uint8Array[];
}

/** What check-ins and streams need of the swarm manifest; cells travel as their JSON. */
export interface ManifestExchange {
  /** Digest over what the server's manifest says, 32 bytes. */
  digest(): Uint8Array;
  /** Cells that an envoy may lack, after those it was given before; at most one page. */
  nextPage(envoyUuid: string): readonly Uint8Array[];
  /**
   * A page of the whole manifest, from a cursor on that an earlier page named; one of another life of this server begins
   * anew.
   */
  page(since: string): ManifestPage;
  /** An envoy's stream began: its daemon may have lost what it was told. */
  begin(envoyUuid: string): void;
  /** Takes in cells that an envoy sent. Those that do not verify are counted and dropped. */
  receive(entries: readonly Uint8Array[], from: EnvoyState): Promise<void>;
}
