import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { DEFAULT_MAX_BODY_BYTES, HARD_MAX_BODY_BYTES } from "../../shared/poolq/limits.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { jsonText } from "../../shared/terminal/json_text.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { type Batch, readBatches } from "../poolq/read_batches.ts";
import { decodeBody } from "../poolq/decode_body.ts";
import { type Posted, postMessages } from "../poolq/post.ts";
import { assertTopicName } from "../poolq/topic_reference.ts";
import { PuddleSession } from "../puddle/puddle_session.ts";
import { requireGrant } from "../puddle/require_grant.ts";
import type { AgentContext } from "./context.ts";
import { findPoolqCaller, postContext, requirePuddle } from "./poolq_caller.ts";

/** Where the bodies come from. */
export interface PostFlags {
  readonly body?: string | undefined;
  readonly stdin?: boolean | undefined;
  readonly batch?: boolean | undefined;
  readonly json?: boolean | undefined;
  readonly user?: string | undefined;
}

/** `vigo swarm poolq post`. */
export async function runPost(
  context: AgentContext,
  roots: RootPaths,
  topicName: string,
  flags: PostFlags,
): Promise<void> {
  assertTopicName(topicName);
  assertOneSource(flags);
  // Before anything is read: root runs the command again as the user, whose it is to read.
  const found = await findPoolqCaller(context, roots, flags.user);
  const source = openSource(context, flags);
  // Whatever any fleet allows; what this one does is known later.
  const hard = { maxBytes: HARD_MAX_BODY_BYTES, rule: "the limit of poolq" };
  const bytes = source.kind === "single" ? await source.read(HARD_MAX_BODY_BYTES) : undefined;
  const single = bytes && readBody(topicName, bytes, hard);
  const { caller, fleet } = found;
  await requirePuddle(caller.home);
  await requireGrant(roots, caller.name, "poolq");
  const limits = await fleet.limits();
  const maxBytes = limits?.maxMsgBytes ?? DEFAULT_MAX_BODY_BYTES;
  const rule = limits
    ? "swarm.poolq.max_msg_bytes"
    : "swarm.poolq.max_msg_bytes while no daemon answers";
  if (bytes) assertSize(topicName, bytes.length, { maxBytes, rule });
  const posting = await postContext(context, roots, found, limits);
  using session = await PuddleSession.connect(caller.home, context.env);
  const post = async (bodies: readonly string[]) => {
    const posted = await postMessages(posting, session, topicName, bodies);
    await fleet.hint(caller.name, posted.messages.map(({ message }) => message));
    return posted;
  };
  if (single !== undefined) {
    report(context, addPosted(undefined, await post([single])), flags.json);
    return;
  }
  let total: PostedTotal | undefined;
  if (source.kind !== "batch") return;
  for await (const batch of readBatches(source.bytes, HARD_MAX_BODY_BYTES)) {
    const bodies = checkBatch(topicName, batch, { maxBytes, rule }, total);
    total = addPosted(total, await post(bodies));
  }
  report(context, total, flags.json);
}

/** What one command has posted; its input may have no end, so no more than this is kept. */
interface PostedTotal {
  readonly topic: Posted["topic"];
  readonly count: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly lastId: string;
}

function addPosted(
  before: PostedTotal | undefined,
  { topic, messages }: Posted,
): PostedTotal | undefined {
  const [first] = messages;
  const last = messages.at(-1);
  if (!first || !last) return before;
  return {
    topic,
    count: (before?.count ?? 0) + messages.length,
    firstSeq: before?.firstSeq ?? first.seq,
    lastSeq: last.seq,
    lastId: last.id,
  };
}

type Source =
  | { readonly kind: "single"; readonly read: (maxBytes: number) => Promise<Uint8Array> }
  | { readonly kind: "batch"; readonly bytes: AsyncIterable<Uint8Array> };

function assertOneSource({ body, stdin, batch }: PostFlags): void {
  if (body !== undefined && (stdin || batch)) {
    throw usage("Choose one of --body, --stdin and --batch");
  }
  if (body !== undefined || stdin || batch) return;
  throw usage(
    "Cannot post nothing: give --body TEXT, or --stdin, or --batch for a body on each line",
  );
}

function openSource(context: AgentContext, { body, batch }: PostFlags): Source {
  if (body !== undefined) {
    return { kind: "single", read: () => Promise.resolve(new TextEncoder().encode(body)) };
  }
  const bytes = context.openStdin?.();
  if (!bytes) throw usage("Cannot read bodies from a terminal: pipe them in, or give --body TEXT");
  if (batch) return { kind: "batch", bytes };
  return { kind: "single", read: (maxBytes) => readAtMost(bytes, maxBytes) };
}

function usage(message: string): UserError {
  return new UserError(message, { exitCode: EXIT_CODE.usage });
}

/** All of it, but no more than is needed to see that it is too much. */
async function readAtMost(
  stream: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of stream) {
    pieces.push(piece);
    sizeBytes += piece.length;
    if (sizeBytes > maxBytes) break;
  }
  const whole = new Uint8Array(sizeBytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** What a body may have, and who says so. */
interface SizeRule {
  readonly maxBytes: number;
  readonly rule: string;
}

/** The size first: of what is too long only the beginning was read, and may end within a character. */
function readBody(topicName: string, bytes: Uint8Array, size: SizeRule): string {
  assertSize(topicName, bytes.length, size);
  return decodeBody(topicName, bytes);
}

function assertSize(topicName: string, sizeBytes: number, { maxBytes, rule }: SizeRule): void {
  if (sizeBytes <= maxBytes) return;
  const size = sizeBytes > HARD_MAX_BODY_BYTES ? `more than ${HARD_MAX_BODY_BYTES}` : sizeBytes;
  throw usage(
    `Cannot post to "${topicName}": the body has ${size} bytes, and ${rule} is ${maxBytes}. Cast it as a file ("vigocli swarm filecast distribute") and post its SHA-256`,
  );
}

function checkBatch(
  topicName: string,
  { firstLine, lines }: Batch,
  size: SizeRule,
  done: PostedTotal | undefined,
): string[] {
  return lines.map((line, index) => {
    try {
      return readBody(topicName, line, size);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const before = done
        ? `lines 1–${done.count} were posted, up to seq ${done.lastSeq}`
        : "nothing was posted";
      throw usage(`line ${firstLine + index}: ${error.message} (${before})`);
    }
  });
}

function report(
  context: AgentContext,
  total: PostedTotal | undefined,
  json: boolean | undefined,
): void {
  if (!total) {
    context.write(json ? jsonText({ count: 0 }) : "Nothing to post\n");
    return;
  }
  const { topic, count, firstSeq, lastSeq, lastId } = total;
  if (json) {
    context.write(jsonText({
      topic_id: topic.id,
      topic_name: topic.name,
      founder_pubkey: topic.founder,
      count,
      first_seq: firstSeq,
      seq: lastSeq,
      msg_id: lastId,
    }));
    return;
  }
  const place = `${topic.founder.slice(0, 12)}/${topic.name}`;
  const id = `(msg_id ${lastId.slice(0, 12)})`;
  context.write(
    count === 1
      ? `Posted to ${place} as seq ${lastSeq} ${id}\n`
      : `Posted ${count} messages to ${place} as seq ${firstSeq}–${lastSeq} ${id}\n`,
  );
}
