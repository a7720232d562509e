import { join } from "node:path";

/** Where things lie in an engine's folder. Digests and labels must have been checked before they get here. */
export class SwarmPaths {
  readonly root: string;
  readonly blobs: string;
  readonly files: string;
  readonly seed: string;
  readonly graveyard: string;
  readonly state: string;
  readonly manifest: string;
  readonly peers: string;
  /** What is known about each file in `seed/`; see the seed keeper. */
  readonly seeds: string;
  /** What an examination has the hashing worker read; there for its moment only. */
  readonly hashProbe: string;

  constructor(root: string) {
    this.root = root;
    this.blobs = join(root, ".blobs");
    this.files = join(root, "files");
    this.seed = join(root, "seed");
    this.graveyard = join(root, "graveyard");
    this.state = join(root, "state.json");
    this.manifest = join(root, "manifest.json");
    this.peers = join(root, "peers.json");
    this.seeds = join(root, "seeds.json");
    this.hashProbe = join(root, ".hash-probe");
  }

  blob(sha256: string): string {
    return join(this.blobs, sha256);
  }

  /** Chunk digests of a complete blob or a seed. */
  digests(sha256: string): string {
    return join(this.blobs, `${sha256}.digests`);
  }

  /** Where the chunks of a blob came from. */
  sources(sha256: string): string {
    return join(this.blobs, `${sha256}.sources`);
  }

  partial(sha256: string): string {
    return join(this.blobs, `${sha256}.partial`);
  }

  seedFile(name: string): string {
    return join(this.seed, name);
  }
}
