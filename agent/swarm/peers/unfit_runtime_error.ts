/** This runtime lets strangers into a listener that demands certificates: the engine must not run on it at all. */
export class UnfitRuntimeError extends Error {
  override readonly name = "UnfitRuntimeError";
}
