import type { EngineKeeper } from "../engine_host/engine_keeper.ts";
import { readPeers } from "../swarm/mirror.ts";
import {
  MAX_RELAYED_ANSWER_BYTES,
  type RelayedQuestion,
  type RelayedReply,
} from "../swarm/relay.ts";
import type { QueueQuestion, QueueReply, SaidByPeer } from "./queue_answer.ts";

/** Peers that are asked for one answer, and how many at once. */
const MAX_ASKED = 16;
const ASKED_AT_ONCE = 4;
/** `/poolq/v1/topics/{id}/head` and `…/range?from=N&limit=M`, as a peer asks. */
const PATH = /^\/poolq\/v1\/topics\/([0-9a-f]{64})\/(head|range)$/;
const WHOLE_NUMBER = /^[1-9]\d{0,15}$/;

/** What a peer asks of a topic; `undefined` if it is no question. */
export function readPeerQuestion(
  { path }: Pick<RelayedQuestion, "path">,
): QueueQuestion | undefined {
  const url = URL.parse(path, "https://peer/");
  const [, topicId, what] = url?.pathname.match(PATH) ?? [];
  if (!url || topicId === undefined) return undefined;
  if (what === "head") return { topicId, from: null, limit: 1 };
  const from = url.searchParams.get("from") ?? "1";
  const limit = url.searchParams.get("limit") ?? "1000";
  if (!WHOLE_NUMBER.test(from) || !WHOLE_NUMBER.test(limit)) return undefined;
  return { topicId, from: Number(from), limit: Number(limit) };
}

/** An answer as the relay carries it. */
export function relayReply({ status, text }: QueueReply): RelayedReply {
  return { status, body: new TextEncoder().encode(status === 200 ? text : "") };
}

/**
 * Asks the peers that this machine knows, the preferred one first, some at a time. Who does not answer, or has nothing, is
 * passed over.
 */
export async function* askPeers(
  engine: Pick<EngineKeeper, "askPeer">,
  swarmFolder: string,
  question: QueueQuestion,
  prefer: string,
): AsyncGenerator<SaidByPeer> {
  const hosts = await knownHosts(swarmFolder, prefer);
  const [first, ...rest] = hosts;
  const groups = first === undefined ? [] : [[first]];
  for (let at = 0; at < rest.length; at += ASKED_AT_ONCE) {
    groups.push(rest.slice(at, at + ASKED_AT_ONCE));
  }
  for (const group of groups) {
    const replies = await Promise.all(group.map(async (host) => {
      const reply = await engine.askPeer({
        host,
        method: "GET",
        path: pathOf(question),
        maxBytes: MAX_RELAYED_ANSWER_BYTES,
      });
      return reply.ok ? { hostname: host, text: new TextDecoder().decode(reply.body) } : undefined;
    }));
    for (const reply of replies) if (reply) yield reply;
  }
}

function pathOf({ topicId, from, limit }: QueueQuestion): string {
  const topic = `/poolq/v1/topics/${topicId}`;
  return from === null ? `${topic}/head` : `${topic}/range?from=${from}&limit=${limit}`;
}

/** Those that answer, by the engine's word, and the preferred one before all others. */
async function knownHosts(swarmFolder: string, prefer: string): Promise<string[]> {
  const file = await readPeers(swarmFolder);
  if (!file.ok) return [];
  const names = file.value.peers.filter(({ absent }) => absent !== true)
    .map(({ hostname }) => hostname);
  const [preferred, others] = [names.filter((name) => name === prefer), names];
  return [...new Set([...preferred, ...others])].slice(0, MAX_ASKED);
}
