import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { parsePairingCode } from "../../shared/puddle/pairing_code.ts";
import { sendJson } from "../daemon/local_server.ts";
import type { UserProofs } from "../daemon/user_proofs.ts";
import type { ClaimOutcome, WantedIdentity } from "./claim_identity.ts";
import type { PairingDesk } from "./pairing_desk.ts";
import { MAX_HANDED_OVER_BYTES, readHandedOver, userNameSchema } from "./pairing_messages.ts";

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
  user: userNameSchema,
  code: codeSchema,
  content: z.string().max(MAX_HANDED_OVER_BYTES),
});
const joinSchema = z.strictObject({
  user: userNameSchema,
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
}

/**
 * What the open socket answers below `/puddle/`: `POST /puddle/proof` hands out a nonce, `POST /puddle/pair` opens an offer
 * and `POST /puddle/join` claims one, both for a user that proves itself; `GET /puddle/pair?user=` tells how an offer stands;
 * `POST /puddle/changed` is a hint that anybody may give, since a look is all it causes.
 */
export function createPuddleApi(services: PuddleServices) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = URL.parse(request.url ?? "", "http://agent/");
    const route = `${request.method} ${url?.pathname}`;
    if (route === "GET /puddle/pair") {
      return sendJson(response, 200, services.desk.state(url?.searchParams.get("user") ?? ""));
    }
    const body = request.method === "POST" ? await readJson(request) : undefined;
    switch (route) {
      case "POST /puddle/proof":
        return await answer(
          response,
          userSchema,
          body,
          ({ user }) => done({ nonce: services.proofs.issue(request.socket, user) }),
        );
      case "POST /puddle/changed":
        return await answer(response, userSchema, body, ({ user }) => {
          services.note(user);
          return done({});
        });
      case "POST /puddle/pair":
        return await answer(
          response,
          pairSchema,
          body,
          (asked) => pair(services, request.socket, asked),
        );
      case "POST /puddle/join":
        return await answer(
          response,
          joinSchema,
          body,
          (asked) => join(services, request.socket, asked),
        );
      default:
        return sendJson(response, 404, { message: `nothing is known of ${route}` });
    }
  };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function pair(
  services: PuddleServices,
  connection: object,
  { user, code, content }: z.infer<typeof pairSchema>,
): Promise<Answer> {
  const refused = await refusalOf(services, connection, user);
  if (refused) return refused;
  try {
    readHandedOver(content);
  } catch {
    return refuse(400, "Cannot open an offer: what is offered is no identity");
  }
  const lastsMs = services.desk.open(user, code, content);
  services.note(user);
  return lastsMs === undefined
    ? refuse(503, "Cannot open an offer: too many users of this machine have one. Try again")
    : done({ host: services.hostname(), lastsMs });
}

async function join(
  services: PuddleServices,
  connection: object,
  { user, host, remoteUser, code }: z.infer<typeof joinSchema>,
): Promise<Answer> {
  const refused = await refusalOf(services, connection, user);
  if (refused) return refused;
  if (host === services.hostname()) {
    return refuse(400, `Cannot join from ${host}: that is this machine`);
  }
  const outcome = await services.claim({ host, user: remoteUser, code });
  return outcome.ok
    ? done({ content: outcome.content })
    : refuse(409, `Cannot take the identity from ${host}: ${outcome.reason}`);
}

async function refusalOf(
  { proofs, refusal }: PuddleServices,
  connection: object,
  user: string,
): Promise<Answer | undefined> {
  const verdict = await proofs.judge(connection, user);
  if (!verdict.ok) return refuse(verdict.status, verdict.reason);
  const reason = await refusal(user);
  return reason === undefined ? undefined : refuse(403, reason);
}

async function answer<T>(
  response: ServerResponse,
  schema: z.ZodType<T>,
  body: unknown,
  work: (asked: T) => Answer | Promise<Answer>,
): Promise<void> {
  const parsed = schema.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const message = `Cannot read the request: ${issue?.path.join(".")}: ${issue?.message}`;
    return sendJson(response, 400, { message });
  }
  const { status, body: answered } = await work(parsed.data);
  sendJson(response, status, answered);
}

function done(body: unknown): Answer {
  return { status: 200, body };
}

function refuse(status: number, message: string): Answer {
  return { status, body: { message } };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let sizeBytes = 0;
  for await (const chunk of request) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_BODY_BYTES) return undefined;
    chunks.push(new Uint8Array(chunk));
  }
  try {
    return JSON.parse(await new Blob(chunks).text());
  } catch {
    // What is not JSON is refused by the schema like any other wrong shape.
    return undefined;
  }
}
