import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { parsePairingCode } from "../../shared/puddle/pairing_code.ts";
import { sendJson } from "../local/local_server.ts";
import type { PuddleInFleet } from "../server_link/fleet_directory.ts";
import { bodyOf, dropRest, readJsonBody } from "../local/read_json_body.ts";
import type { Challenge, UserProofs } from "../user_scan/user_proofs.ts";
import type { ClaimOutcome, WantedIdentity } from "../puddle/claim_identity.ts";
import { LineTooLongError, readLines } from "../puddle/line_stream.ts";
import type { ProvenAnswer } from "../puddle/local_puddle_answers.ts";
import type { PairingDesk } from "../puddle/pairing_desk.ts";
import {
  MAX_HANDED_OVER_BYTES,
  readHandedOver,
  userNameSchema,
} from "../puddle/pairing_messages.ts";

/** Largest body: an identity as JSON within JSON. */
const MAX_BODY_BYTES = 2 * MAX_HANDED_OVER_BYTES + 4096;

const codeSchema = z.string().max(64).transform((text, context) => {
  const code = parsePairingCode(text);
  if (code !== undefined) return code;
  context.addIssue("expected a code of 16 characters");
  return z.NEVER;
});

const userSchema = z.strictObject({ user: userNameSchema });
const pairSchema = z.strictObject({
  code: codeSchema,
  content: z.string().max(MAX_HANDED_OVER_BYTES),
});
const joinSchema = z.strictObject({
  host: z.string().min(1).max(253),
  /** The user on that host. */
  remoteUser: userNameSchema,
  code: codeSchema,
});

/** What the daemon does for users' puddles. */
export interface PuddleServices {
  readonly proofs: UserProofs;
  readonly desk: PairingDesk;
  /** The name of this machine, as enrolled. */
  hostname(): string;
  /** Why a user may not use puddles here; nothing if it may. */
  refusal(user: string): Promise<string | undefined>;
  claim(wanted: WantedIdentity): Promise<ClaimOutcome>;
  /** A user says that its puddle has changed. */
  note(user: string): void;
  /** What the fleet knows by a puddle's key or name. */
  findInFleet(reference: string): Promise<PuddleInFleet>;
}

/**
 * What the open socket answers below `/puddle/`: `GET /puddle/pair?user=` tells how an offer stands,
 * `GET /puddle/known?puddle=` what the fleet knows by a key or a name, and `POST /puddle/changed` is a hint that anybody may
 * give, since a look is all it causes.
 *
 * `POST /puddle/pair` opens an offer and `POST /puddle/join` claims one, for a user that proves itself in the same exchange,
 * in lines of JSON: the caller says who it is, hears a nonce, makes the file that proves it, says what it wants, and hears
 * what came of it ({@linkcode ProvenAnswer}).
 */
export function createPuddleApi(services: PuddleServices) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = URL.parse(request.url ?? "", "http://agent/");
    switch (`${request.method} ${url?.pathname}`) {
      case "GET /puddle/pair":
        return sendJson(response, 200, services.desk.state(url?.searchParams.get("user") ?? ""));
      case "GET /puddle/known": {
        const reference = url?.searchParams.get("puddle") ?? "";
        if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(reference)) {
          return sendJson(response, 400, { message: "expected a puddle's key or name" });
        }
        return sendJson(response, 200, await services.findInFleet(reference));
      }
      case "POST /puddle/changed": {
        const hint = userSchema.safeParse(await readJsonBody(request));
        if (!hint.success) return sendJson(response, 400, { message: "a hint names a user" });
        services.note(hint.data.user);
        return sendJson(response, 200, {});
      }
      case "POST /puddle/pair":
        return await prove(
          services,
          request,
          response,
          pairSchema,
          (user, asked) => pair(services, user, asked),
        );
      case "POST /puddle/join":
        return await prove(
          services,
          request,
          response,
          joinSchema,
          (_user, asked) => join(services, asked),
        );
      default:
        return sendJson(response, 404, { message: `nothing is known of ${request.url}` });
    }
  };
}

type Refusal = Extract<ProvenAnswer, { ok: false }>;

async function prove<T>(
  services: PuddleServices,
  request: IncomingMessage,
  response: ServerResponse,
  schema: z.ZodType<T>,
  work: (user: string, asked: T) => ProvenAnswer | Promise<ProvenAnswer>,
): Promise<void> {
  const lines = readLines(bodyOf(request), MAX_BODY_BYTES);
  const first = await nextLine(lines);
  if (!first.ok) {
    const text = `${JSON.stringify({ message: first.message })}\n`;
    response.writeHead(first.status, {
      "content-type": "application/json",
      "content-length": text.length,
    });
    response.write(text);
    await dropRest(request);
    response.end();
    return;
  }
  const who = userSchema.safeParse(parseJson(first.line));
  if (!who.success) return sendJson(response, 400, { message: "the first line names a user" });
  const { user } = who.data;
  const challenge = services.proofs.challenge(user);
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  response.write(`${JSON.stringify({ nonce: challenge.nonce })}\n`);
  const second = await nextLine(lines);
  const answer = second.ok ? await answerLine(second.line) : second;
  response.write(`${JSON.stringify(answer)}\n`);
  if (!second.ok) await dropRest(request);
  response.end();

  async function answerLine(line: string): Promise<ProvenAnswer> {
    const asked = schema.safeParse(parseJson(line));
    return asked.success
      ? await refusalOf(services, challenge, user) ?? await work(user, asked.data)
      : refuse(400, describeIssue(asked.error));
  }
}

/** The next line, empty if none comes; a refusal if it is too long, of which no more is read. */
async function nextLine(
  lines: AsyncGenerator<string, void>,
): Promise<{ readonly ok: true; readonly line: string } | Refusal> {
  try {
    return { ok: true, line: (await lines.next()).value ?? "" };
  } catch (error) {
    if (!(error instanceof LineTooLongError)) throw error;
    return refuse(413, `Cannot read the request: a line of more than ${error.maxBytes} bytes`);
  }
}

function pair(
  services: PuddleServices,
  user: string,
  { code, content }: z.infer<typeof pairSchema>,
): ProvenAnswer {
  try {
    readHandedOver(content);
  } catch {
    return refuse(400, "Cannot open an offer: what is offered is no identity");
  }
  const lastsMs = services.desk.open(user, code, content);
  services.note(user);
  return lastsMs === undefined
    ? refuse(503, "Cannot open an offer: too many users of this machine have one. Try again")
    : { ok: true, body: { host: services.hostname(), lastsMs } };
}

async function join(
  services: PuddleServices,
  { host, remoteUser, code }: z.infer<typeof joinSchema>,
): Promise<ProvenAnswer> {
  if (host === services.hostname()) {
    return refuse(400, `Cannot join from ${host}: that is this machine`);
  }
  const outcome = await services.claim({ host, user: remoteUser, code });
  return outcome.ok
    ? { ok: true, body: { content: outcome.content } }
    : refuse(409, `Cannot take the identity from ${host}: ${outcome.reason}`);
}

async function refusalOf(
  { refusal }: PuddleServices,
  challenge: Challenge,
  user: string,
): Promise<ProvenAnswer | undefined> {
  const verdict = await challenge.judge();
  if (!verdict.ok) return refuse(verdict.status, verdict.reason);
  const reason = await refusal(user);
  return reason === undefined ? undefined : refuse(403, reason);
}

function refuse(status: number, message: string): Refusal {
  return { ok: false, status, message };
}

function describeIssue({ issues: [issue] }: z.ZodError): string {
  return `Cannot read the request: ${issue?.path.join(".")}: ${issue?.message}`;
}

/** What is not JSON is refused by the schema like any other wrong shape. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
