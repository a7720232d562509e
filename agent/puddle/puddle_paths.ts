import { join } from "node:path";

/** What a puddle keeps in a home. The folder is 0700, so that modes of files in it matter to copies of them alone. */
export interface PuddlePaths {
  readonly folder: string;
  /** 0600: the private half, encrypted under the passphrase. */
  readonly wrapped: string;
  /** 0600: what a change of the key makes before the old one has signed it over. */
  readonly wrappedNext: string;
  /** 0600: 16 bytes. */
  readonly salt: string;
  /** 0644: 64 hex digits and a line feed. */
  readonly publicKey: string;
  /** 0644: the claim of a name. */
  readonly name: string;
  /** 0700: a delegation for each key that this puddle had, `<old key>.json`, 0644. */
  readonly retired: string;
  /** 0600: what the helper of an unlocked session says of itself. */
  readonly unlocked: string;
  /** 0600: until when an offer to pair stands. */
  readonly pairPending: string;
  /** 0700: the session's socket where there is no `XDG_RUNTIME_DIR`. */
  readonly run: string;
}

/** Where the puddle of a home is. */
export function puddlePaths(home: string): PuddlePaths {
  const folder = join(home, ".vigo-puddle");
  const at = (name: string) => join(folder, name);
  return {
    folder,
    wrapped: at("identity.wrapped"),
    wrappedNext: at("identity.wrapped.next"),
    salt: at("identity.salt"),
    publicKey: at("identity.pub"),
    name: at("name.json"),
    retired: at("retired"),
    unlocked: at("session.unlocked"),
    pairPending: at("pair.pending"),
    run: at("run"),
  };
}
