import { Command } from "@commander-js/extra-typings";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { DurationError, formatDuration, parseDuration } from "../../shared/terminal/duration.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { jsonText } from "../../shared/terminal/json_text.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { PuddleLockedError, PuddleSession } from "../puddle/puddle_session.ts";
import { lstatIfPresent } from "../puddle/guarded_file.ts";
import { readPublicKey } from "../puddle/puddle_home.ts";
import { sessionPlace } from "../puddle/session_place.ts";
import type { AgentContext } from "./context.ts";
import { explain } from "./explain.ts";
import { runPuddleVerb } from "./puddle_caller.ts";
import { addPassphraseOptions, addUserOption } from "./puddle_options.ts";
import { readPassphrase } from "./puddle_passphrase.ts";

/** Longest and usual time that a session lasts of which nothing is asked. */
const MAX_IDLE_MS = 24 * 60 * 60_000;
const DEFAULT_IDLE = "8h";
/** How often, and for how long in all, a session that was told to end is waited for. */
const END_POLL_MS = 20;
const END_DEADLINE_MS = 30_000;

/** `vigo swarm puddle unlock`: a helper holds the key until it is locked. */
export function unlockCommand(context: AgentContext, roots: () => RootPaths) {
  const command = addPassphraseOptions(addUserOption(new Command("unlock")))
    .description("Start a session that holds the key and signs your messages")
    .option("--idle <duration>", "end it after this long without use", DEFAULT_IDLE)
    .option("--json", "print JSON")
    .action((flags) =>
      explain(
        runPuddleVerb({ context, roots: roots(), needsGrant: true }, flags, async (verb) => {
          const idleMs = readIdle(flags.idle);
          const { home } = verb.caller;
          const place = sessionPlace(home, context.env);
          const running = await PuddleSession.connect(home, context.env).catch(ifLocked);
          if (running) {
            using session = running;
            const { endsAtMs } = await session.status();
            const already = { publicKey: session.publicKey, alreadyUnlocked: true, endsAtMs };
            return void context.write(
              flags.json ? jsonText(already) : "The puddle is unlocked already\n",
            );
          }
          const { openIdentity } = await import("../puddle/puddle_identity.ts");
          const { startSession } = await import("../puddle/start_session.ts");
          const seed = await openIdentity(home, await readPassphrase(context, flags));
          try {
            await startSession(seed, { home, place, idleMs });
          } finally {
            seed.fill(0);
          }
          using session = await PuddleSession.connect(home, context.env);
          const { publicKey, endsAtMs } = await session.status();
          await verb.client.noteChange();
          context.write(
            flags.json
              ? jsonText({ publicKey, alreadyUnlocked: false, endsAtMs })
              : `Unlocked, until "vigo swarm puddle lock" or ${
                formatDuration(idleMs)
              } without use\n`,
          );
        }),
      )
    );
  return withExamples(command, [
    ["vigo swarm puddle unlock", "asks for the passphrase"],
    ["vigo swarm puddle unlock --idle 30m", "a shorter session"],
  ]);
}

/** `vigo swarm puddle lock`: nobody holds the key any more. */
export function lockCommand(context: AgentContext, roots: () => RootPaths) {
  const command = addUserOption(new Command("lock"))
    .description("End the session")
    .option("--json", "print JSON")
    .action((flags) =>
      explain(
        runPuddleVerb({ context, roots: roots(), needsGrant: false }, flags, async (verb) => {
          const wasUnlocked = await endSession(verb.caller.home, context.env);
          await verb.client.noteChange();
          context.write(
            flags.json
              ? jsonText({ wasUnlocked })
              : wasUnlocked
              ? "Locked\n"
              : "The puddle was locked already\n",
          );
        }),
      )
    );
  return withExamples(command, [["vigo swarm puddle lock", "nothing signs until unlock"]]);
}

/** `vigo swarm puddle _session`: the helper itself; `unlock` starts it and hands it the key. */
export function sessionCommand(context: AgentContext) {
  const command = new Command("_session")
    .description("Hold a key that standard input brings, and sign with it")
    .action(async () => {
      const { runSession } = await import("../puddle/run_session.ts");
      await explain(
        runSession(Deno.stdin.readable, (line) => void context.write(`${line}\n`)),
      );
    });
  return withExamples(command, [["vigo swarm puddle unlock", "starts it"]]);
}

/**
 * Ends the session of a home, whichever key it holds, and waits until its traces are gone.
 *
 * @returns whether there was one.
 */
export async function endSession(
  home: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<boolean> {
  const place = sessionPlace(home, env);
  const session = await PuddleSession.find(place, await readPublicKey(home) ?? "");
  if (!session) return false;
  await session.lock();
  const deadlineMs = performance.now() + END_DEADLINE_MS;
  while (await lstatIfPresent(place.socket) !== undefined && performance.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, END_POLL_MS));
  }
  return true;
}

function ifLocked(error: unknown): undefined {
  if (error instanceof PuddleLockedError) return undefined;
  throw error;
}

function readIdle(text: string): number {
  try {
    const idleMs = parseDuration(text);
    if (idleMs > 0 && idleMs <= MAX_IDLE_MS) return idleMs;
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw new UserError(error.message, { exitCode: EXIT_CODE.usage, cause: error });
  }
  throw new UserError(`Cannot hold the key for ${text}: at most 24h without use are allowed`, {
    exitCode: EXIT_CODE.usage,
  });
}
