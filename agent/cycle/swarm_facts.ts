/** What the swarm engine adds to a check-in. */
export interface SwarmFacts {
  readonly manifestDigest: Uint8Array;
  /** From where on the server's whole manifest is wanted; empty if it is not. */
  readonly manifestSince: string;
  /** Port of the peer server; 0 while none runs. */
  readonly port: number;
  /** Configured address of the peer server, host:port; empty for the address on the LAN, as it is at each check-in. */
  readonly announced: string;
}

/** No engine runs. */
export const NO_SWARM: SwarmFacts = {
  manifestDigest: new Uint8Array(),
  manifestSince: "",
  port: 0,
  announced: "",
};
