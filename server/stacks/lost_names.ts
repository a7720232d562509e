/**
 * What a tree would declare if it could be read. Whoever names one of these has made no mistake: the mistake stands where it could
 * not be read, and has been reported there.
 */
export class LostNames {
  readonly variables = new Set<string>();
  /** Names of resources, without their types: those may be what is misspelt. */
  readonly resources = new Set<string>();
  /** Set if whole files or lists are missing, so that any name may be one of theirs. */
  isAnyVariable = false;
  isAnyResource = false;

  losesVariable(name: string): boolean {
    return this.isAnyVariable || this.variables.has(name);
  }

  /** @param id as references have it: `file:/etc/motd`. */
  losesResource(id: string): boolean {
    return this.isAnyResource || this.resources.has(id.slice(id.indexOf(":") + 1));
  }
}
