import { systemReason } from "../../shared/terminal/system_failure.ts";
import { type AgentConfig, AgentConfigError, parseAgentConfig } from "./agent_config.ts";

/**
 * Reads the agent's configuration.
 *
 * @throws {AgentConfigError} if the file is missing, unreadable or has mistakes.
 */
export async function readAgentConfig(path: string): Promise<AgentConfig> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    throw new AgentConfigError(
      `Cannot read the agent's configuration "${path}": ${systemReason(cause)}`,
      { cause },
    );
  }
  return parseAgentConfig(text, path);
}
