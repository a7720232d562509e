import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { Secret } from "../../shared/crypto/secret.ts";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { type Message, messageId } from "../../shared/poolq/message.ts";
import { topicId } from "../../shared/poolq/topic.ts";
import { verifyMessage } from "../../shared/poolq/verify_message.ts";
import { runCli } from "../../shared/terminal/run_cli.ts";
import { eventually } from "../../tests/support/eventually.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { type LocalHandler, LocalServer, sendJson } from "../local/local_server.ts";
import { poolqPaths } from "../poolq/poolq_paths.ts";
import { CHEAP_COST } from "../puddle/cheap_cost.ts";
import { createIdentity, openIdentity } from "../puddle/puddle_identity.ts";
import { loadSeed } from "../puddle/seed_signer.ts";
import { SessionHelper } from "../puddle/session_helper.ts";
import { sessionPlace } from "../puddle/session_place.ts";
import { agentPaths } from "../store/agent_paths.ts";
import type { AgentContext } from "./context.ts";
import { createProgram } from "./program.ts";

const NOW_MS = 1_780_000_000_000;
const passphrase = new Secret("correct horse");

/** What a verb printed and ended with. */
interface Ran {
  readonly out: string;
  readonly err: string;
  readonly status: number;
}

/** A machine with one user, mara, and a daemon that hands out what mara posted. */
class Machine implements AsyncDisposable {
  readonly home: string;
  readonly #ending = new AbortController();
  #helper: SessionHelper | undefined;
  #daemon: LocalServer | undefined;
  /** What the daemon hands out of a topic, made worse by a test. */
  alter: (messages: Message[]) => unknown[] = (messages) => messages;
  maxMsgBytes = 1_000;
  /** The head that the daemon tells with the first message, where it is behind. */
  probedHeadSeq: number | undefined;
  /** What the daemon knows of envoys. */
  readonly enrolled: Readonly<Record<string, boolean>> = { "web-2": true };
  requests: string[] = [];

  private constructor(readonly root: TemporaryRoot) {
    this.home = root.join("home");
  }

  static async create(options: { puddle?: boolean; unlocked?: boolean } = {}): Promise<Machine> {
    const machine = new Machine(await TemporaryRoot.create());
    const { root, home } = machine;
    const paths = agentPaths(rootPaths(root.path));
    for (
      const folder of [
        home,
        paths.runFolder,
        paths.swarmFolder,
        paths.configFolder,
        root.join("etc"),
        `${paths.stateFolder}/usercrate-policy`,
      ]
    ) await Deno.mkdir(folder, { recursive: true });
    const uid = Deno.uid(), gid = Deno.gid();
    await Deno.writeTextFile(root.join("etc/passwd"), `mara:x:${uid}:${gid}::/home:/bin/sh\n`);
    const marker = { envoyUuid: "6f1c2a58-1d0f-4c3e-9f63-2b7c51d0a4e9", hostname: "danlap" };
    await Deno.writeTextFile(`${paths.configFolder}/envoy.json`, JSON.stringify(marker));
    await machine.grant({ gate: true, flag: true });
    if (options.puddle !== false) await createIdentity(home, passphrase, CHEAP_COST);
    if (options.puddle !== false && options.unlocked !== false) await machine.unlock();
    return machine;
  }

  async grant({ gate, flag }: { gate: boolean; flag: boolean }): Promise<void> {
    const { swarmFolder, stateFolder } = agentPaths(rootPaths(this.root.path));
    const gates = { enabled: true, subsystems: { poolq: gate } };
    await Deno.writeTextFile(`${swarmFolder}/state.json`, JSON.stringify({ gates }));
    const policy = { user: "mara", puddle: true, gitback: false, curator: false, poolq: flag };
    const path = `${stateFolder}/usercrate-policy/mara.json`;
    await Deno.writeTextFile(path, JSON.stringify(policy));
  }

  async unlock(): Promise<void> {
    this.#helper = await SessionHelper.listen({
      home: this.home,
      place: sessionPlace(this.home, {}),
      signer: loadSeed(await openIdentity(this.home, passphrase)),
      idleMs: 3_600_000,
      nowMs: () => NOW_MS,
      signal: this.#ending.signal,
    });
  }

  async startDaemon(): Promise<void> {
    const { agentSocket } = agentPaths(rootPaths(this.root.path));
    this.#daemon = await LocalServer.listen(agentSocket, 0o666, this.#answer);
  }

  async stopDaemon(): Promise<void> {
    await this.#daemon?.close();
    this.#daemon = undefined;
  }

  /** Runs a verb of `vigo swarm poolq` as mara. */
  async run(args: readonly string[], changes: Partial<AgentContext> = {}): Promise<Ran> {
    let out = "", err = "";
    const context: AgentContext = {
      write: (text) => void (out += text),
      writeError: (text) => void (err += text),
      isTerminal: false,
      env: {},
      signal: this.#ending.signal,
      now: () => NOW_MS,
      readStdin: () => Promise.resolve(undefined),
      ...changes,
    };
    const [verb = "", ...rest] = args;
    const user = verb === "topics" ? [] : ["--user", "mara"];
    const all = ["--root", this.root.path, "swarm", "poolq", verb, ...user, ...rest];
    const status = await runCli(createProgram(context), { ...context, args: all });
    return { out, err, status };
  }

  /** Posts as one message for each body. */
  async post(...bodies: readonly string[]): Promise<void> {
    for (const body of bodies) {
      const { status, err } = await this.run(["post", "build-tasks", "--body", body]);
      assert.equal(status, 0, err);
    }
  }

  async topic(): Promise<string> {
    const key = await Deno.readTextFile(`${this.home}/.vigo-puddle/identity.pub`);
    return topicId(key.trim(), "build-tasks");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#helper?.ended;
    await this.stopDaemon();
    await this.root[Symbol.asyncDispose]();
  }

  readonly #answer: LocalHandler = async (request, response) => {
    const url = new URL(request.url ?? "", "http://agent/");
    this.requests.push(`${request.method} ${url.pathname}`);
    if (url.pathname === "/poolq/v1/posted") return sendJson(response, 202, {});
    if (url.pathname === "/poolq/v1/limits") {
      const { maxMsgBytes } = this;
      const limits = { hostname: "danlap", nowMs: NOW_MS, isGateOpen: true, maxMsgBytes };
      return sendJson(response, 200, { ...limits, retentionSecs: 604_800 });
    }
    if (url.pathname.startsWith("/poolq/v1/hosts/")) {
      const enrolled = this.enrolled[url.pathname.slice("/poolq/v1/hosts/".length)] ?? false;
      return sendJson(response, 200, { enrolled });
    }
    const log = await this.#log();
    const last = log.at(-1);
    if (!last) return sendJson(response, 404, { message: "nobody knows this topic" });
    const head = {
      topicId: topicId(last.founder_pubkey, last.topic_name),
      name: last.topic_name,
      founder: last.founder_pubkey,
      firstSeq: log[0]?.seq,
      headSeq: last.seq,
      headId: messageId(last),
      count: log.length,
      writer: "danlap",
      blocked: false,
    };
    if (url.pathname === "/poolq/v1/topics") {
      return sendJson(response, 200, { source: "server", topics: [head] });
    }
    if (!url.pathname.includes(head.topicId)) {
      return sendJson(response, 404, { message: "nobody knows this topic" });
    }
    if (url.pathname.endsWith("/head")) {
      return sendJson(response, 200, { ...head, source: "local" });
    }
    const from = Number(url.searchParams.get("from")),
      limit = Number(url.searchParams.get("limit"));
    const wanted = log.filter(({ seq }) => seq >= from).slice(0, limit);
    const messages = this.alter(wanted);
    const headSeq = from === 1 && limit === 1 ? this.probedHeadSeq ?? head.headSeq : head.headSeq;
    sendJson(response, 200, { ...head, headSeq, source: "local", messages, delegations: [] });
  };

  async #log(): Promise<Message[]> {
    const { messages } = poolqPaths(this.home).topic(await this.topic());
    const names = await readdir(messages).catch(() => []);
    const all = await Promise.all(names.map((name) => Deno.readTextFile(`${messages}/${name}`)));
    return all.map((text): Message => JSON.parse(text)).sort((one, other) => one.seq - other.seq);
  }
}

function stdin(bytes: Uint8Array | string): Partial<AgentContext> {
  const whole = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  return { openStdin: () => ReadableStream.from([whole.slice(0, 3), whole.slice(3)]) };
}

Deno.test("a post is told with its topic, seq and id, with a daemon and without one", async () => {
  await using machine = await Machine.create();
  const first = await machine.run(["post", "build-tasks", "--body", '{"task":"deploy"}']);
  assert.match(
    first.out,
    /^Posted to [0-9a-f]{12}\/build-tasks as seq 1 \(msg_id [0-9a-f]{12}\)\n$/,
  );
  await machine.startDaemon();
  const second = await machine.run(["post", "build-tasks", "--stdin", "--json"], stdin("two\n"));
  const { seq, count, topic_id } = JSON.parse(second.out);
  assert.deepEqual([seq, count, topic_id], [2, 1, await machine.topic()]);
  assert.ok(machine.requests.includes("POST /poolq/v1/posted"));
});

Deno.test("standard input is posted byte for byte, and its last line feed with it", async () => {
  await using machine = await Machine.create();
  await machine.startDaemon();
  const body = "\ufeff first\r\nsecond\u0000\n";
  assert.equal((await machine.run(["post", "build-tasks", "--stdin"], stdin(body))).status, 0);
  const { out } = await machine.run(["tail", "build-tasks", "--format", "body"]);
  assert.equal(out, body);
  const { out: text } = await machine.run(["tail", "build-tasks"]);
  assert.match(
    text,
    /^seq=1 posted_at=2026-05-28T20:26:40.000Z msg_id=[0-9a-f]{12} body=\\u\{feff\} first\\r\\nsecond\\u\{0\}\\n\n$/,
  );
});

Deno.test("standard input is left alone until it is known whose the verb is: root runs it again as the user", async () => {
  await using machine = await Machine.create();
  await Deno.writeTextFile(machine.root.join("etc/passwd"), "");
  let isOpened = false;
  const { status, err } = await machine.run(["post", "build-tasks", "--stdin"], {
    openStdin: () => {
      isOpened = true;
      return ReadableStream.from([]);
    },
  });
  assert.deepEqual([status, isOpened], [2, false]);
  assert.match(err, /Cannot find user "mara"/);
});

Deno.test("a body may be empty, wherever it comes from", async () => {
  await using machine = await Machine.create();
  await machine.startDaemon();
  await machine.post("");
  assert.match((await machine.run(["post", "build-tasks", "--stdin"], stdin(""))).out, /as seq 2/);
  const { out } = await machine.run(["tail", "build-tasks", "--format", "json"]);
  const bodies = out.trim().split("\n").map((line) => JSON.parse(line).body);
  assert.deepEqual(bodies, ["", ""]);
});

Deno.test("a tail is as long as it is asked for, also where this machine is behind", async () => {
  await using machine = await Machine.create();
  await machine.startDaemon();
  await machine.post("one", "two", "three", "four");
  machine.probedHeadSeq = 1;
  const { out, err } = await machine.run([
    "tail",
    "build-tasks",
    "--limit",
    "2",
    "--format",
    "body",
  ]);
  assert.deepEqual([out, err], ["three\nfour\n", ""]);
});

Deno.test("the beginning of an id is enough to read a topic, if it is no topic of one's own", async () => {
  await using machine = await Machine.create();
  await machine.startDaemon();
  await machine.post("one");
  const prefix = (await machine.topic()).slice(0, 12);
  const subscribed = await machine.run(["subscribe", prefix]);
  assert.match(
    subscribed.out,
    new RegExp(`Subscribed to build-tasks; "vigo swarm poolq read ${await machine.topic()}"`),
  );
  assert.equal((await machine.run(["read", prefix, "--format", "body"])).out, "one\n");
  await machine.stopDaemon();
  assert.equal((await machine.run(["offset", prefix])).out, "1\n");
  assert.equal((await machine.run(["offset", "0".repeat(12)])).status, 1);
});

Deno.test("a batch is a message for each line; one that cannot be posted is named, and what is before it", async () => {
  await using machine = await Machine.create();
  await machine.startDaemon();
  const posted = await machine.run(["post", "build-tasks", "--batch"], stdin("one\n\nthree"));
  assert.match(posted.out, /^Posted 3 messages to .* as seq 1–3 /);
  const { out } = await machine.run(["tail", "build-tasks", "--format", "json"]);
  const bodies = out.trim().split("\n").map((line) => JSON.parse(line).body);
  assert.deepEqual(bodies, ["one", "", "three"]);
  const long = `fits\n${"x".repeat(1_001)}\n`;
  const refused = await machine.run(["post", "build-tasks", "--batch"], stdin(long));
  assert.equal(refused.status, 2);
  assert.match(
    refused.err,
    /line 2: .* 1001 bytes, and swarm.poolq.max_msg_bytes is 1000.*nothing was posted/,
  );
});

Deno.test("what a post needs is looked at in order, and each refusal says what to do", async () => {
  await using machine = await Machine.create({ puddle: false });
  const post = (name: string, ...args: string[]) => machine.run(["post", name, ...args]);
  const refused = async (ran: Promise<Ran>, status: number, message: RegExp) => {
    const { err, status: ended } = await ran;
    assert.match(err, message);
    assert.equal(ended, status);
  };
  await refused(post("a b", "--body", "x"), 2, /Cannot use "a b" as a topic name/);
  await refused(post("ab".repeat(32), "--body", "x"), 2, /read as a topic id/);
  await refused(post("t"), 2, /give --body TEXT/);
  await refused(post("t", "--body", "x", "--stdin"), 2, /Choose one of/);
  await refused(post("t", "--stdin"), 2, /from a terminal/);
  const huge = machine.run(["post", "t", "--stdin"], stdin("é".repeat(32_769)));
  await refused(huge, 2, /the body has more than 65536 bytes, and the limit of poolq is 65536/);
  const binary = machine.run(["post", "t", "--stdin"], stdin(Uint8Array.of(0xff, 0xfe, 0, 1)));
  await refused(binary, 2, /not UTF-8. .*base64/);
  await refused(post("t", "--body", "x"), 1, /not initialised. Run "vigo swarm puddle init"/);
  await createIdentity(machine.home, passphrase, CHEAP_COST);
  await machine.grant({ gate: true, flag: false });
  await refused(post("t", "--body", "x"), 5, /usercrate-policy\/mara.json .*"poolq: true"/);
  await machine.grant({ gate: false, flag: true });
  await refused(post("t", "--body", "x"), 5, /swarm.poolq.enabled/);
  await machine.grant({ gate: true, flag: true });
  await machine.startDaemon();
  await refused(post("t", "--body", "x".repeat(1_001)), 2, /swarm.poolq.max_msg_bytes is 1000/);
  await refused(post("t", "--body", "x"), 1, /locked. Run "vigo swarm puddle unlock"/);
  await machine.unlock();
  await refused(post("t", "--body", "x"), 0, /^$/);
});

Deno.test("a subscription is read from its offset on, and every reader group has its own", async () => {
  await using machine = await Machine.create();
  await machine.startDaemon();
  await machine.post("one", "two", "three");
  const read = async (...args: string[]) => (await machine.run(["read", "build-tasks", ...args]));
  const none = await read();
  assert.equal(none.status, 1);
  assert.match(none.err, /Run: vigo swarm poolq subscribe build-tasks/);
  assert.match((await machine.run(["offset", "build-tasks"])).err, /No subscription/);

  await machine.run(["subscribe", "build-tasks"]);
  const body = ["--format", "body"];
  assert.equal((await read("--limit", "2", ...body)).out, "one\ntwo\n");
  assert.equal((await machine.run(["offset", "build-tasks"])).out, "2\n");
  assert.equal((await read(...body)).out, "three\n");
  assert.equal((await read()).out, "No new messages\n");
  assert.equal((await read("--json")).out, "[]\n");
  assert.equal((await read("--group", "builder", ...body)).out, "one\ntwo\nthree\n");
  assert.match((await machine.run(["subscribe", "build-tasks"])).out, /already, at offset 3/);

  await machine.run(["seek", "build-tasks", "3"]);
  const document = JSON.parse((await read("--json")).out);
  assert.deepEqual(document.map(({ seq }: Message) => seq), [3]);
  assert.ok(verifyMessage(document[0]).ok);
  await machine.run(["seek", "build-tasks", "0"]);
  assert.equal((await read(...body)).out, "one\ntwo\nthree\n");
});

Deno.test("anybody's topic is read by its id, without a puddle of one's own", async () => {
  await using machine = await Machine.create();
  await machine.startDaemon();
  await machine.post("one");
  const id = await machine.topic();
  assert.match((await machine.run(["tail", id])).out, /seq=1 .* body=one/);
  assert.match((await machine.run(["subscribe", id])).out, /Subscribed to build-tasks/);
  const unknown = "0".repeat(64);
  const tail = await machine.run(["tail", unknown]);
  assert.deepEqual([tail.out, tail.status], ["", 1]);
  assert.match(tail.err, /the topic 0{64}: neither the server nor an envoy that answers knows it/);
  assert.match((await machine.run(["tail", "other"])).err, /other: nothing was posted to it/);
  await machine.run(["subscribe", unknown]);
  const { out, err } = await machine.run(["read", unknown]);
  assert.equal(out, "No new messages\n");
  assert.match(err, /nobody here has heard of the topic 0000/);
});

Deno.test("a message that fails is shown as refused, never delivered, and the offset stays before it", async () => {
  await using machine = await Machine.create();
  await machine.startDaemon();
  await machine.post("one", "two", "three");
  machine.alter = (messages) => messages.map((one) => one.seq === 2 ? { ...one, body: "2" } : one);
  await machine.run(["subscribe", "build-tasks"]);
  const body = ["--format", "body"];
  const stopped = await machine.run(["read", "build-tasks", ...body]);
  assert.equal(stopped.out, "one\n");
  assert.equal(stopped.status, 1);
  assert.match(stopped.err, /seq 2 refused: its signature is not the author's. .*--skip-bad/);
  assert.equal((await machine.run(["offset", "build-tasks"])).out, "1\n");
  const { out, status } = await machine.run(["tail", "build-tasks", "--json"]);
  assert.deepEqual([JSON.parse(out).length, status], [1, 1]);
  const past = await machine.run(["read", "build-tasks", "--skip-bad", ...body]);
  assert.equal(past.out, "three\n");
  assert.match(past.err, /seq 2 refused/);
  assert.equal((await machine.run(["offset", "build-tasks"])).out, "3\n");
});

Deno.test("an offset stays where it is when whoever reads the output has gone", async () => {
  await using machine = await Machine.create();
  await machine.startDaemon();
  await machine.post("one");
  await machine.run(["subscribe", "build-tasks"]);
  const gone = await machine.run(["read", "build-tasks"], { write: () => false });
  assert.equal(gone.status, 1);
  assert.equal((await machine.run(["offset", "build-tasks"])).out, "0\n");
});

Deno.test("subscriptions that are damaged are put aside, and the reader is told what to do", async () => {
  await using machine = await Machine.create();
  await machine.startDaemon();
  await machine.post("one");
  await machine.run(["subscribe", "build-tasks"]);
  const { subscriptions, folder } = poolqPaths(machine.home);
  await Deno.writeTextFile(subscriptions, '{"schema_version":1,"subscr');
  const { err } = await machine.run(["read", "build-tasks"]);
  assert.match(err, /subscriptions.json is damaged .* kept as .*Subscribe again, and seek/);
  const [kept] = await readdir(`${folder}/quarantine`);
  assert.equal(
    await Deno.readTextFile(`${folder}/quarantine/${kept}`),
    '{"schema_version":1,"subscr',
  );
});

Deno.test("who follows gets what is posted later, and outlives a restart of the daemon", async () => {
  await using machine = await Machine.create();
  await machine.startDaemon();
  await machine.post("one");
  await machine.run(["subscribe", "build-tasks"]);
  const interrupt = new AbortController();
  let out = "", err = "";
  const following = machine.run(["read", "build-tasks", "--follow", "--format", "body"], {
    signal: interrupt.signal,
    write: (text) => void (out += text),
    writeError: (text) => void (err += text),
  });
  await eventually("the first message is read", () => out === "one\n");
  await machine.stopDaemon();
  await eventually("the daemon is missed", () => err.includes("waiting for it"));
  await machine.post("two");
  await machine.startDaemon();
  await eventually("the second message is read", () => out === "one\ntwo\n");
  interrupt.abort();
  assert.equal((await following).status, 130);
  assert.equal((await machine.run(["offset", "build-tasks"])).out, "2\n");
});

Deno.test("a topic that was moved is posted to from there alone", async () => {
  await using machine = await Machine.create();
  await machine.startDaemon();
  await machine.post("one");
  const moved = await machine.run(["move", "build-tasks", "--to", "Web-2"]);
  assert.equal(
    moved.out,
    "Topic build-tasks is written from web-2 now, after seq 1; post there once it has heard so\n",
  );
  const again = await machine.run(["move", "build-tasks", "--to", "web-2"]);
  assert.equal(
    again.out,
    "Topic build-tasks is written from web-2 already, after seq 1; nothing changed\n",
  );
  // The daemon has not heard of it yet, and what it says of this machine is no way around it.
  const { err, status } = await machine.run(["post", "build-tasks", "--body", "x"]);
  assert.equal(status, 3);
  assert.match(err, /written from web-2.*run here: .*move build-tasks --lost-writer/);
});

Deno.test("a topic is not moved to a host that nobody enrolled, and offline it is said what may follow", async () => {
  await using machine = await Machine.create();
  await machine.post("one");
  const usage = await machine.run(["move", "build-tasks", "--to", "web_2"]);
  assert.deepEqual([usage.status, /is not a hostname/.test(usage.err)], [2, true]);
  const offline = await machine.run(["move", "build-tasks", "--to", "web-2"]);
  assert.match(offline.err, /nobody could say whether web-2 is enrolled; .*--lost-writer/);
  assert.deepEqual([offline.status, offline.out.includes("web-2")], [0, true]);
  const gone = await machine.run(["move", "build-tasks", "--to", "web-3"]);
  assert.match(gone.err, /written from web-2.*move build-tasks --lost-writer/);
  await machine.run(["move", "build-tasks", "--lost-writer", "--yes"]);
  await machine.startDaemon();
  const refused = await machine.run(["move", "build-tasks", "--to", "nowhere"]);
  assert.equal(refused.status, 3);
  assert.match(
    refused.err,
    /^error: Cannot move "build-tasks" to nowhere: no envoy of that name is enrolled. .*peers list/,
  );
  await machine.post("two");
  const moved = await machine.run(["move", "build-tasks", "--to", "web-2", "--json"]);
  const { topic_id, topic_name, writer, last_seq } = JSON.parse(moved.out);
  assert.deepEqual([topic_name, writer, last_seq], ["build-tasks", "web-2", 2]);
  assert.equal(topic_id, await machine.topic());
});

Deno.test("a topic is taken over from a lost writer only if somebody says yes", async () => {
  await using machine = await Machine.create();
  await machine.post("one");
  await machine.run(["move", "build-tasks", "--to", "web-2"]);
  const refused = await machine.run(["post", "build-tasks", "--body", "two"]);
  assert.equal(refused.status, 3);
  assert.match(refused.err, /written from web-2; .*move build-tasks --to danlap/);
  const unasked = await machine.run(["move", "build-tasks", "--lost-writer"]);
  assert.equal(unasked.status, 3);
  assert.match(unasked.err, /equivocation.*--yes/);
  const taken = await machine.run(["move", "build-tasks", "--lost-writer"], {
    confirm: (question) => Promise.resolve(/equivocation/.test(question)),
  });
  assert.equal(taken.out, "Topic build-tasks is written from here now, after seq 1\n");
  await machine.post("two");
  assert.match((await machine.run(["move", "build-tasks"])).err, /Choose --to HOST/);
});

Deno.test("what makes no sense on the command line ends with 2, in one line", async () => {
  await using machine = await Machine.create();
  await machine.startDaemon();
  await machine.post("one");
  await machine.run(["subscribe", "build-tasks"]);
  const name = "build-tasks", long = "x".repeat(65);
  const wrong: [args: string[], said: RegExp][] = [
    [["read", name, "--json", "--format", "json"], /Choose --json or --format/],
    [["read", name, "--format", "xml"], /text, json, body/],
    [["read", name, "--limit", "0"], /--limit/],
    [["read", name, "--group", "../x"], /Use 1 to 64 ASCII letters/],
    [["read", long], /has 65 characters, and at most 64/],
    [["tail", name, "--limit", "1.5"], /--limit/],
    [["tail", "a b"], /Cannot use "a b" as a topic name/],
    [["seek", name, "-1"], /seq|unknown option/],
    [["seek", name, "9007199254740993"], /seq/],
    [["seek", name], /missing required argument/],
    [["offset", ""], /Cannot use "" as a topic name/],
    [["subscribe", "ABCDEF".repeat(11)], /has 66 characters/],
    [["move", name], /Choose --to HOST/],
    [["move", name, "--to", "web-2", "--lost-writer"], /Choose --to HOST/],
    [["post", name, "--body", "x", "--batch"], /Choose one of --body, --stdin and --batch/],
  ];
  for (const [args, said] of wrong) {
    const { out, err, status } = await machine.run(args);
    assert.deepEqual([status, out], [2, ""], `${args.join(" ")}: ${err}`);
    assert.match(err, said);
    assert.match(err, /^error: .+\n/);
  }
  assert.equal((await machine.run(["offset", name])).out, "0\n", "nothing was moved");
});

Deno.test("every verb that keeps an offset tells a program where it is", async () => {
  await using machine = await Machine.create();
  await machine.startDaemon();
  await machine.post("one", "two");
  const topic_id = await machine.topic();
  const json = async (...args: string[]) => {
    const { out, err, status } = await machine.run([...args, "--json"]);
    assert.equal(status, 0, err);
    return JSON.parse(out);
  };
  const subscribed = { topic_id, topic_name: "build-tasks", offset_seq: 0 };
  assert.deepEqual(await json("subscribe", "build-tasks"), { ...subscribed, new: true });
  assert.deepEqual(await json("subscribe", topic_id), { ...subscribed, new: false });
  assert.deepEqual(await json("seek", "build-tasks", "2", "--group", "g"), {
    topic_id,
    offset_seq: 1,
  });
  assert.deepEqual(await json("offset", "build-tasks", "--group", "g"), {
    topic_id,
    offset_seq: 1,
  });
  assert.deepEqual(await json("offset", "build-tasks"), { topic_id, offset_seq: 0 });
  const bodies = (messages: Message[]) => messages.map(({ body }) => body);
  assert.deepEqual(bodies(await json("read", "build-tasks", "--group", "g")), ["two"]);
  assert.deepEqual(bodies(await json("tail", "build-tasks", "--limit", "1")), ["two"]);
  assert.deepEqual(await json("read", "build-tasks", "--group", "g"), []);
});

Deno.test("topics and status are for people and for programs", async () => {
  await using machine = await Machine.create();
  assert.equal((await machine.run(["topics"])).status, 4);
  await machine.startDaemon();
  await machine.post("one");
  assert.match((await machine.run(["topics"])).out, /^TOPIC +HEAD +COUNT .*\nbuild-tasks +1 +1 +/);
  const [topic] = JSON.parse((await machine.run(["topics", "--json"])).out).topics;
  assert.equal(topic.topicId, await machine.topic());
  await machine.run(["subscribe", "build-tasks"]);
  const { out } = await machine.run(["status"]);
  assert.match(
    out,
    /^user=mara state_dir=.*\/\.vigo-poolq subscriptions=1 max_msg_bytes=1000 retention=7d .*\n$/,
  );
  const { enabled, retention_secs } = JSON.parse((await machine.run(["status", "--json"])).out);
  assert.deepEqual([enabled, retention_secs], [true, 604_800]);
});
