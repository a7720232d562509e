import { Command } from "@commander-js/extra-typings";
import { z } from "zod";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { jsonText } from "../../shared/terminal/json_text.ts";
import { formatRelativeTime } from "../../shared/terminal/relative_time.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { readNameClaim, readPuddle } from "../puddle/puddle_home.ts";
import { settleIdentity } from "../puddle/puddle_identity.ts";
import { PuddleSession } from "../puddle/puddle_session.ts";
import { requireGrant } from "../puddle/require_grant.ts";
import { sessionPlace } from "../puddle/session_place.ts";
import type { AgentContext } from "./context.ts";
import { explain } from "./explain.ts";
import { type PuddleVerb, runPuddleVerb } from "./puddle_caller.ts";
import { addUserOption } from "./puddle_options.ts";

const offerSchema = z.object({ state: z.string(), endsInMs: z.number().optional() });

/** What `vigo swarm puddle status` tells. */
interface PuddleStatus {
  readonly user: string;
  readonly publicKey: string | null;
  readonly name: string | null;
  readonly retiredKeys: readonly string[];
  /** `null` while nobody holds the private key. */
  readonly session: { readonly pid: number; readonly endsAtMs: number } | null;
  /** `unknown` without a daemon. */
  readonly offer: string;
  /** Why verbs that sign or pair are refused; `null` if they are not. */
  readonly notGranted: string | null;
  /** What of it is damaged; `null` if nothing is. */
  readonly problem: string | null;
}

/** `vigo swarm puddle status`: how this user's puddle is. */
export function puddleStatusCommand(context: AgentContext, roots: () => RootPaths) {
  const command = addUserOption(new Command("status"))
    .description("Show the identity of this machine, its session and its offer")
    .option("--json", "print JSON")
    .action((flags) =>
      explain(
        runPuddleVerb({ context, roots: roots(), needsGrant: false }, flags, async (verb) => {
          const status = await readStatus(verb, context, roots());
          context.write(flags.json ? jsonText(status) : render(status, context.now()));
          if (status.problem !== null) throw new UserError(status.problem);
        }),
      )
    );
  return withExamples(command, [
    ["vigo swarm puddle status", "whether there is one, and whether it is unlocked"],
  ]);
}

async function readStatus(
  { caller, client }: PuddleVerb,
  context: AgentContext,
  roots: RootPaths,
): Promise<PuddleStatus> {
  const { home, name: user } = caller;
  let problem: string | null = null;
  // What is damaged hides nothing else.
  const unlessDamaged = async <T>(read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problem ??= error.message;
      return undefined;
    }
  };
  await unlessDamaged(() => settleIdentity(home));
  const puddle = await unlessDamaged(() => readPuddle(home));
  const name = await unlessDamaged(() => readNameClaim(home));
  return {
    user,
    publicKey: puddle?.publicKey ?? null,
    name: name?.name ?? null,
    retiredKeys: puddle?.foundingKeys.slice(0, -1) ?? [],
    session: puddle ? await readSession(home, context, puddle.publicKey) : null,
    offer: await readOffer(client, user),
    notGranted: await readRefusal(roots, user),
    problem,
  };
}

async function readSession(home: string, context: AgentContext, publicKey: string) {
  using session = await PuddleSession.find(sessionPlace(home, context.env), publicKey);
  const status = await session?.status();
  if (status?.publicKey !== publicKey) return null;
  return { pid: status.pid, endsAtMs: status.endsAtMs };
}

async function readOffer(client: PuddleVerb["client"], user: string): Promise<string> {
  try {
    const path = `/puddle/pair?user=${encodeURIComponent(user)}`;
    return offerSchema.parse(await client.get(path)).state;
  } catch (error) {
    if (error instanceof UserError) return "unknown";
    throw error;
  }
}

async function readRefusal(roots: RootPaths, user: string): Promise<string | null> {
  try {
    await requireGrant(roots, user, "puddle");
    return null;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

function render(status: PuddleStatus, nowMs: number): string {
  const { user, publicKey, name, retiredKeys, session, offer, notGranted, problem } = status;
  const none = problem === null
    ? 'none; "vigo swarm puddle init" or "join --from HOST"'
    : "cannot be read";
  const rows: [string, string][] = [
    ["User", sanitize(user)],
    ["Identity", publicKey ?? none],
    ["Name", name ?? "none"],
    ["Retired", retiredKeys.length === 0 ? "none" : retiredKeys.join(" ")],
    [
      "Session",
      session
        ? `unlocked (pid ${session.pid}), ends ${
          formatRelativeTime(session.endsAtMs, nowMs)
        } without use`
        : "locked",
    ],
    ["Offer", offer],
    ["Granted", sanitize(notGranted ?? "yes")],
  ];
  return rows.map(([label, value]) => `${`${label}:`.padEnd(10)}${value}\n`).join("");
}
