import { dirname } from "node:path";
import {
  SWARM_FLAGS,
  type SwarmFlag,
  type UsercratePolicy,
  usercratePolicySchema,
} from "../../shared/config/resources/user.ts";
import type { ApplyContext } from "./resource.ts";

/** A policy has four flags and a name; what is larger is not one. */
const MAX_POLICY_BYTES = 4096;

/** A user and what is granted; a flag that is not given is not granted. */
export type Grants = { readonly name: string } & Partial<Readonly<Record<SwarmFlag, boolean>>>;

/** One line for each grant that is to change. A missing file grants nothing, so it needs no line of its own. */
export async function policyDifferences(
  grants: Grants,
  context: ApplyContext,
): Promise<readonly string[]> {
  const path = policyPath(grants.name, context);
  const found = await context.files.inspect(path);
  const policy = await readPolicy(grants.name, context);
  if (policy === undefined && found !== undefined) return [`${path}: damaged → written again`];
  const lines = SWARM_FLAGS.flatMap((flag) => {
    const before = policy?.[flag] ?? false, after = grants[flag] ?? false;
    return before === after ? [] : [`${flag}: ${before} → ${after}`];
  });
  const isOpen = found !== undefined && (found.mode !== 0o644 || found.uid !== context.self.uid);
  return isOpen && lines.length === 0 ? [`${path}: owner or mode is wrong`] : lines;
}

/** Writes the file that says what a user may do: readable by all, writable by the agent alone. */
export async function writePolicy(grants: Grants, context: ApplyContext): Promise<void> {
  const policy: UsercratePolicy = {
    user: grants.name,
    puddle: grants.puddle ?? false,
    gitback: grants.gitback ?? false,
    curator: grants.curator ?? false,
    poolq: grants.poolq ?? false,
  };
  await makeFolder(context.policyFolder, context);
  await context.files.writeFile(policyPath(grants.name, context), {
    content: new TextEncoder().encode(`${JSON.stringify(policy)}\n`),
    mode: 0o644,
    ...context.self,
  });
}

export async function removePolicy(name: string, context: ApplyContext): Promise<void> {
  const path = policyPath(name, context);
  if (await context.files.inspect(path) !== undefined) await context.files.removeFile(path);
}

async function readPolicy(
  name: string,
  context: ApplyContext,
): Promise<UsercratePolicy | undefined> {
  const path = policyPath(name, context);
  const found = await context.files.inspect(path);
  if (found?.kind !== "file" || found.sizeBytes > MAX_POLICY_BYTES) return undefined;
  const text = new TextDecoder().decode(await context.files.read(path, MAX_POLICY_BYTES));
  const parsed = usercratePolicySchema.safeParse(parseJson(text));
  return parsed.success && parsed.data.user === name ? parsed.data : undefined;
}

/** What is not JSON is as good as nothing: the file is written again. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function policyPath(name: string, { policyFolder }: ApplyContext): string {
  // A name has no "/" and cannot be "..": the schema of `user` sees to it.
  return `${policyFolder}/${name}.json`;
}

async function makeFolder(path: string, context: ApplyContext): Promise<void> {
  if (await context.files.inspect(path) !== undefined) return;
  await makeFolder(dirname(path), context);
  await context.files.makeDirectory(path, 0o755);
}
