/** Where the engine's events go: over the channel to the daemon, which writes the log. */
export type EngineLog = (
  level: "debug" | "info" | "warning" | "error",
  message: string,
  properties?: Record<string, unknown>,
) => void;
