import { type EngineMessage, fromEngineSchema } from "./from_engine_schema.ts";

/** What becomes of a message. */
export interface EngineHearing {
  readonly onMessage: (message: EngineMessage) => void;
  /** The engine said something that it never says, or the daemon could not deal with it: this engine has to end. */
  readonly onBroken: (reason: string) => void;
}

/**
 * Judges what came from the engine's worker. A listener that throws would end the daemon with everything else it does, so
 * nothing leaves this but a call of one of the two.
 */
export function hearEngine(data: unknown, { onMessage, onBroken }: EngineHearing): void {
  try {
    const parsed = fromEngineSchema.safeParse(data);
    if (parsed.success) return onMessage(parsed.data);
    const [issue] = parsed.error.issues;
    onBroken(`the engine sent what it never sends: ${issue?.path.join(".")}: ${issue?.message}`);
  } catch (error) {
    onBroken(`cannot deal with what the engine sent: ${String(error)}`);
  }
}
