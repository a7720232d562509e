import { Command } from "@commander-js/extra-typings";
import { z } from "zod";
import { makePairingCode, parsePairingCode } from "../../shared/puddle/pairing_code.ts";
import { writeFileDurable } from "../../shared/platform/durable_write.ts";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { formatDuration } from "../../shared/terminal/duration.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { jsonText } from "../../shared/terminal/json_text.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { puddlePaths } from "../puddle/puddle_paths.ts";
import type { AgentContext } from "./context.ts";
import { explain } from "./explain.ts";
import { type PuddleVerb, runPuddleVerb } from "./puddle_caller.ts";
import { addUserOption } from "./puddle_options.ts";
import { askHidden } from "./puddle_passphrase.ts";

/** How often the daemon is asked whether the offer was taken. */
const POLL_MS = 500;

const openedSchema = z.object({ host: z.string(), lastsMs: z.number() });
const joinedSchema = z.object({ content: z.string() });
const offerSchema = z.object({ state: z.string(), by: z.string().optional() });

/** `vigo swarm puddle pair`: an offer, and its code. */
export function pairCommand(context: AgentContext, roots: () => RootPaths) {
  const command = addUserOption(new Command("pair"))
    .description("Offer the identity of this machine to another one, and show a code for it")
    .option("--no-wait", "do not wait until it is taken")
    .option("--json", "print JSON, a line for each thing that happens")
    .action((flags) =>
      explain(
        runPuddleVerb({ context, roots: roots(), needsGrant: true }, flags, async (verb) => {
          const { caller, client } = verb;
          const { readHandedOverFrom } = await import("../puddle/offered_identity.ts");
          const content = await readHandedOverFrom(caller.home);
          const code = makePairingCode();
          const opened = openedSchema.parse(await client.post("/puddle/pair", { code, content }));
          const untilMs = context.now() + opened.lastsMs;
          const { pairPending } = puddlePaths(caller.home);
          await writeFileDurable(pairPending, `${JSON.stringify({ untilMs })}\n`, { mode: 0o600 });
          await client.noteChange();
          context.write(
            flags.json
              ? `${JSON.stringify({ state: "open", code, ...opened })}\n`
              : `On the other machine, within ${
                formatDuration(opened.lastsMs)
              }:\n  vigo swarm puddle join --from ${sanitize(opened.host)}\nCode: ${code}\n`,
          );
          if (!flags.wait) return;
          try {
            await waitForEnd(verb, context, flags.json === true);
          } finally {
            await Deno.remove(pairPending).catch(() => {});
            await client.noteChange();
          }
        }),
      )
    );
  return withExamples(command, [
    ["vigo swarm puddle pair", "shows a code, and tells when it was used"],
    ["vigo swarm puddle pair --no-wait", "only shows the code"],
  ]);
}

/** `vigo swarm puddle join`: the identity of another machine. */
export function joinCommand(context: AgentContext, roots: () => RootPaths) {
  const command = addUserOption(new Command("join"))
    .description("Take over the identity that another machine offers")
    .requiredOption("--from <host>", "the machine where pair shows the code, as it is enrolled")
    .option("--remote-user <name>", "who you are there; your own name by default")
    .option("--code-stdin", "read the code from standard input")
    .option("--json", "print JSON")
    .action((flags) =>
      explain(
        runPuddleVerb({ context, roots: roots(), needsGrant: true }, flags, async (verb) => {
          const { caller, client } = verb;
          const { prepareFolder, requireNoIdentity, storeIdentity } = await import(
            "../puddle/puddle_identity.ts"
          );
          const { readHandedOver } = await import("../puddle/pairing_messages.ts");
          await requireNoIdentity(caller.home);
          const code = await readCode(context, flags.codeStdin === true);
          // Where the daemon looks for the proof that this is its user.
          await prepareFolder(caller.home);
          const { content } = joinedSchema.parse(
            await client.post("/puddle/join", {
              host: flags.from,
              remoteUser: flags.remoteUser ?? caller.name,
              code,
            }),
          );
          const received = readHandedOver(content);
          await storeIdentity(caller.home, received);
          await client.noteChange();
          const { publicKey } = received.wrapped.header;
          context.write(
            flags.json
              ? jsonText({ publicKey, from: flags.from })
              : `Joined: this machine has the identity ${publicKey} now\nIts passphrase is that of ${
                sanitize(flags.from)
              }. Next: vigo swarm puddle unlock\n`,
          );
        }),
      )
    );
  return withExamples(command, [
    ["vigo swarm puddle join --from web-1", "asks for the code that pair shows there"],
    ["vigo swarm puddle join --from web-1 --remote-user ann", "under another name there"],
  ]);
}

async function readCode(context: AgentContext, isFromInput: boolean): Promise<string> {
  const text = isFromInput
    ? await context.readStdin() ?? ""
    : await askHidden(context, "Code: ", "--code-stdin");
  const code = parsePairingCode(text);
  if (code !== undefined) return code;
  throw new UserError(
    "This is no code: it has four groups of four letters and digits, as pair shows it",
    { exitCode: EXIT_CODE.usage },
  );
}

async function waitForEnd(
  { caller, client }: PuddleVerb,
  context: AgentContext,
  isJson: boolean,
): Promise<void> {
  const path = `/puddle/pair?user=${encodeURIComponent(caller.name)}`;
  for (;;) {
    context.signal.throwIfAborted();
    const { state, by } = offerSchema.parse(await client.get(path));
    if (state === "claimed") {
      return void context.write(
        isJson
          ? `${JSON.stringify({ state, by })}\n`
          : `${sanitize(by ?? "A machine")} has the identity now\n`,
      );
    }
    if (state !== "open") {
      const why = state === "withdrawn"
        ? "the code was wrong five times"
        : state === "expired"
        ? "nobody used the code in time"
        : "the daemon was restarted";
      throw new UserError(`The offer has ended: ${why}. Make another: vigo swarm puddle pair`);
    }
    await pause(POLL_MS, context.signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end, { once: true });
  });
}
