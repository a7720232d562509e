import { spawn } from "node:child_process";
import { z } from "zod";
import { UserError } from "../../shared/terminal/user_error.ts";
import { ownCommand } from "./own_command.ts";
import { readLines } from "./line_stream.ts";
import { SEED_BYTES } from "./seed_signer.ts";

/** Longest line that a helper says at its start. */
const MAX_LINE_BYTES = 4096;

/** What a helper is told at its start, after the 32 bytes of the seed, as JSON on its standard input. */
export const sessionStartSchema = z.strictObject({
  home: z.string().min(1).max(4096),
  place: z.strictObject({ folder: z.string(), socket: z.string(), secret: z.string() }),
  idleMs: z.number().int().positive(),
});

export type SessionStart = z.infer<typeof sessionStartSchema>;

/** The line by which a helper says that it listens. */
export const SESSION_READY = "ready";

/**
 * Starts the helper of a session, which goes on when this process has ended. It is started by a shell that takes away its
 * right to leave a core file; the seed goes to it through a pipe, so that it stands in no argument, variable or file.
 *
 * @throws {UserError} if it does not come to listen.
 */
export async function startSession(seed: Uint8Array, start: SessionStart): Promise<void> {
  const { argv, environment } = ownCommand();
  const child = spawn(
    "/bin/sh",
    ["-c", 'ulimit -c 0; exec "$@"', "sh", ...argv, "swarm", "puddle", "_session"],
    {
      detached: true,
      stdio: ["pipe", "pipe", "ignore"],
      cwd: "/",
      env: { ...Deno.env.toObject(), ...environment },
    },
  );
  const failed = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(`it ended with ${signal ?? `status ${code}`}`));
  });
  child.stdin?.on("error", () => {});
  child.stdin?.write(seed.slice(0, SEED_BYTES));
  child.stdin?.end(JSON.stringify(start));
  const said = await Promise.race([firstLine(child.stdout), failed]);
  if (said !== SESSION_READY) {
    throw new UserError(`Cannot start a session: ${said || await failed}`);
  }
  child.stdout?.destroy();
  child.unref();
}

async function firstLine(
  stream: AsyncIterable<Uint8Array> | null,
): Promise<string | undefined> {
  if (!stream) return undefined;
  for await (const line of readLines(stream, MAX_LINE_BYTES)) return line;
  return undefined;
}
