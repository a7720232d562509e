import type { AgentLog } from "./agent_log.ts";

/** A log that a test reads: lines of level and message, with the reason if there is one. */
export function fakeLog(): AgentLog & { readonly lines: string[] } {
  const lines: string[] = [];
  const at = (level: string) => (message: string, properties?: Record<string, unknown>) => {
    const reason = properties?.["reason"];
    lines.push(`${level}: ${message}${reason === undefined ? "" : `: ${reason}`}`);
  };
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
