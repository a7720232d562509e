import { Command } from "@commander-js/extra-typings";
import type { TopicHead } from "../../shared/puddle/delegation.ts";
import { problemOfPuddleName } from "../../shared/puddle/name_claim.ts";
import { shortPuddleKey } from "../../shared/puddle/puddle_key.ts";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { jsonText } from "../../shared/terminal/json_text.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { agentPaths } from "../store/agent_paths.ts";
import type { AgentContext } from "./context.ts";
import { explain } from "./explain.ts";
import { noticeOn } from "./poolq_caller.ts";
import { runPuddleVerb } from "./puddle_caller.ts";
import { requireFreeName, requirePresentKey } from "./puddle_fleet.ts";
import { addPassphraseOptions, addUserOption } from "./puddle_options.ts";
import { readBothPassphrases, readNewPassphrase, readPassphrase } from "./puddle_passphrase.ts";
import { endSession } from "./puddle_session.ts";

/** `vigo swarm puddle init`: a new identity. */
export function initCommand(context: AgentContext, roots: () => RootPaths) {
  const command = addPassphraseOptions(addUserOption(new Command("init")))
    .description("Make an identity in ~/.vigo-puddle, wrapped under a passphrase")
    .option("--json", "print JSON")
    .action((flags) =>
      explain(
        runPuddleVerb({ context, roots: roots(), needsGrant: true }, flags, async (verb) => {
          const { createIdentity, requireNoIdentity } = await import(
            "../puddle/puddle_identity.ts"
          );
          const { home } = verb.caller;
          // Before a passphrase is thought of in vain.
          await requireNoIdentity(home);
          const publicKey = await createIdentity(home, await readNewPassphrase(context, flags));
          await verb.client.noteChange();
          context.write(
            flags.json
              ? jsonText({ publicKey })
              : `Made the identity ${publicKey}\nWithout the passphrase nobody can use it, and nobody can reset it\n`,
          );
        }),
      )
    );
  return withExamples(command, [
    ["vigo swarm puddle init", "asks for a passphrase twice"],
    ["vigo swarm puddle init --passphrase-file /run/user/1000/p", "for scripts"],
  ]);
}

/** `vigo swarm puddle rotate-passphrase`. */
export function rotatePassphraseCommand(context: AgentContext, roots: () => RootPaths) {
  const command = addPassphraseOptions(addUserOption(new Command("rotate-passphrase")))
    .description("Wrap the identity of this machine under another passphrase")
    .option("--new-passphrase-file <file>", "read the new passphrase from a file")
    .option("--json", "print JSON")
    .action((flags) =>
      explain(
        runPuddleVerb({ context, roots: roots(), needsGrant: true }, flags, async ({ caller }) => {
          const { rotatePassphrase } = await import("../puddle/puddle_identity.ts");
          await rotatePassphrase(caller.home, await readBothPassphrases(context, flags));
          context.write(
            flags.json
              ? jsonText({ rotated: true })
              : "The passphrase of this machine is another one now; other machines keep theirs\n",
          );
        }),
      )
    );
  return withExamples(command, [
    ["vigo swarm puddle rotate-passphrase", "asks for the present one, then for the new one twice"],
  ]);
}

/** `vigo swarm puddle rekey`: a new key, and a delegation by the old one. */
export function rekeyCommand(context: AgentContext, roots: () => RootPaths) {
  const command = addPassphraseOptions(addUserOption(new Command("rekey")))
    .description("Make a new key; the old one signs that the new one speaks for the puddle now")
    .option("--without-fleet", "ask nobody, and list topics of this machine alone")
    .option("--json", "print JSON")
    .action((flags) =>
      explain(
        runPuddleVerb({ context, roots: roots(), needsGrant: true }, flags, async (verb) => {
          const { rekey } = await import("../puddle/puddle_identity.ts");
          const { readPublicKey } = await import("../puddle/puddle_home.ts");
          const { home } = verb.caller;
          const isWithFleet = flags.withoutFleet !== true;
          const present = await readPublicKey(home);
          if (isWithFleet && present !== undefined) {
            await requirePresentKey({ client: verb.client, notice: noticeOn(context) }, present);
          }
          const { oldKey, newKey } = await rekey(home, await readPassphrase(context, flags), {
            nowMs: context.now(),
            readHeads: () => readHeads(home, agentPaths(roots()).agentSocket, isWithFleet, context),
          });
          await endSession(home, context.env);
          await verb.client.noteChange();
          context.write(
            flags.json
              ? jsonText({ oldKey, newKey })
              : `The key is ${newKey} now; ${
                shortPuddleKey(oldKey)
              }… is retired\nThe session has ended; open it again with: vigo swarm puddle unlock\nOn your other machines: vigo swarm puddle leave, then join --from this one\n`,
          );
        }),
      )
    );
  command.addHelpText(
    "after",
    "\nDo this on one machine alone: two new keys for one old one contest the puddle,\nand neither is followed. What the old key signs from now on is refused by all.",
  );
  return withExamples(command, [["vigo swarm puddle rekey", "after a laptop was stolen"]]);
}

/** `vigo swarm puddle name NAME`: a signed claim. */
export function nameCommand(context: AgentContext, roots: () => RootPaths) {
  const command = addPassphraseOptions(addUserOption(new Command("name")))
    .description("Claim a name for the puddle")
    .argument("<name>", "1 to 64 of a-z, 0-9, dot, dash and underscore")
    .option("--json", "print JSON")
    .action((name, flags) =>
      explain(
        runPuddleVerb({ context, roots: roots(), needsGrant: true }, flags, async (verb) => {
          const problem = problemOfPuddleName(name);
          if (problem !== undefined) {
            throw new UserError(`Cannot claim the name "${name}": ${problem}`, {
              exitCode: EXIT_CODE.usage,
            });
          }
          const { claimName } = await import("../puddle/puddle_identity.ts");
          const { readPuddle } = await import("../puddle/puddle_home.ts");
          const ownKeys = (await readPuddle(verb.caller.home))?.foundingKeys ?? [];
          await requireFreeName(
            { client: verb.client, notice: noticeOn(context) },
            name,
            ownKeys,
          );
          const passphrase = await readPassphrase(context, flags);
          const nowMs = context.now();
          const claim = await claimName(verb.caller.home, passphrase, { name, nowMs });
          await verb.client.noteChange();
          context.write(
            flags.json
              ? jsonText({ claim })
              : `Claimed "${name}". If another puddle claims it too, it means neither: see vigocli swarm puddle list\n`,
          );
        }),
      )
    );
  return withExamples(command, [["vigo swarm puddle name mara", "asks for the passphrase"]]);
}

/** `vigo swarm puddle leave`: nothing of the identity stays on this machine. */
export function leaveCommand(context: AgentContext, roots: () => RootPaths) {
  const command = addUserOption(new Command("leave"))
    .description("Remove the identity from this machine; other machines keep it")
    .option("--yes", "do not ask")
    .option("--json", "print JSON")
    .action((flags) =>
      explain(
        runPuddleVerb({ context, roots: roots(), needsGrant: false }, flags, async (verb) => {
          const { removeIdentity } = await import("../puddle/puddle_identity.ts");
          const { home } = verb.caller;
          if (!flags.yes && !await confirmLeave(context)) {
            throw new UserError(
              "Nothing was removed. If no other machine has this identity it is lost for ever; say --yes if you mean it",
              { exitCode: EXIT_CODE.refused },
            );
          }
          await endSession(home, context.env);
          const removed = await removeIdentity(home);
          await verb.client.noteChange();
          context.write(
            flags.json
              ? jsonText({ removed })
              : removed
              ? "The identity was removed from this machine\n"
              : "There was no identity on this machine\n",
          );
        }),
      )
    );
  return withExamples(command, [
    ["vigo swarm puddle leave", "asks first"],
    ["vigo swarm puddle leave --yes", "for scripts"],
  ]);
}

async function confirmLeave(context: AgentContext): Promise<boolean> {
  return await context.confirm?.(
    "Remove the identity from this machine? If no other machine has it, it is lost for ever [y/N] ",
  ) ?? false;
}

/** The heads of all topics: those of this home, and those that are written from other machines, as the daemon knows them. */
async function readHeads(
  home: string,
  socketPath: string,
  isWithFleet: boolean,
  context: AgentContext,
): Promise<TopicHead[]> {
  const { listOwnHeads } = await import("../poolq/own_heads.ts");
  const heads = new Map((await listOwnHeads(home)).map((head) => [head.topicId, head]));
  if (!isWithFleet) return [...heads.values()];
  const { DaemonView } = await import("../poolq/fleet_view.ts");
  const { readPuddle } = await import("../puddle/puddle_home.ts");
  const founders = new Set((await readPuddle(home))?.foundingKeys);
  for (const topic of (await new DaemonView(socketPath, context.signal).topics()).topics) {
    const known = heads.get(topic.topicId);
    if (!founders.has(topic.founder) || topic.headId === "") continue;
    if (topic.headSeq <= (known?.seq ?? 0)) continue;
    heads.set(topic.topicId, {
      topicId: topic.topicId,
      seq: topic.headSeq,
      msgId: topic.headId,
    });
  }
  return [...heads.values()];
}
