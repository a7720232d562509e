/** A socket that waits for others to begin. */
export interface ListeningSocket {
  readonly protocol: "tcp" | "udp";
  readonly address: string;
  readonly port: number;
  /** The kernel's number of it, by which its program is found; absent where the system does not tell. */
  readonly inode?: string;
}
