import assert from "node:assert/strict";
import { envoyDocument, fleetDocument, subsystems } from "../../shared/config/document_fixture.ts";
import { generateEd25519, loadVerifier } from "../../shared/crypto/ed25519.ts";
import {
  type DocumentKind,
  sealDocument,
  type SignedBytes,
} from "../../shared/canonical/signed_document.ts";
import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import { UNSIGNED_ENTRY } from "../../shared/swarm/manifest_entry_fixture.ts";
import type { StoredDocument } from "../store/agent_database.ts";
import type { ToEngine } from "../swarm/channel.ts";
import { SOUND } from "../swarm/doctor/fake_diagnosis.ts";
import type { EngineHandlers } from "../swarm/start_engine.ts";
import { eventually } from "../../tests/support/eventually.ts";
import { NOBODY_ANSWERS } from "../swarm/relay.ts";
import { EngineKeeper } from "./engine_keeper.ts";
import { FakeClock } from "../runtime/fake_clock.ts";
import { fakeLog } from "../runtime/fake_log.ts";
import { HeldDocuments } from "../documents/held_documents.ts";

const { envoyUuid: UUID } = envoyDocument();
const server = generateEd25519().signer;
const envoy = generateEd25519().signer;

function seal(kind: DocumentKind, value: unknown): SignedBytes {
  return sealDocument(kind, value, server);
}

/** A blob that the server of these tests has. */
const HELD = "ab".repeat(32);

/** A keeper whose engines are recorded instead of started. */
function setUp(listenAddress?: string) {
  const store = new Map<StoredDocument, SignedBytes>();
  const held = new HeldDocuments(
    {
      document: (kind) => store.get(kind),
      setDocument: (kind, signed) => void store.set(kind, signed),
    },
    loadVerifier(server.publicKey),
    UUID,
  );
  const clock = new FakeClock();
  const log = fakeLog();
  const engines: {
    sent: ToEngine["kind"][];
    messages: ToEngine[];
    handlers: EngineHandlers;
    ended: boolean;
  }[] = [];
  const toServer: ManifestEntry[] = [];
  const keeper = new EngineKeeper({
    startEngine: (_start, handlers) => {
      const engine = {
        sent: [] as ToEngine["kind"][],
        messages: [] as ToEngine[],
        handlers,
        ended: false,
      };
      engines.push(engine);
      return {
        send: (message) => {
          engine.sent.push(message.kind);
          engine.messages.push(message);
        },
        stop: () => {
          engine.ended = true;
          return Promise.resolve();
        },
        terminate: () => {
          engine.ended = true;
        },
      };
    },
    held,
    signer: envoy,
    clock,
    log,
    start: () => ({
      kind: "start",
      folder: "/none",
      envoyUuid: UUID,
      hostname: "web-1",
      author: envoy.publicKey.toHex(),
      serverKey: server.publicKey.toHex(),
      identity: { certificate: "", privateKey: "" },
      ca: "",
      minFreePercent: 10,
      ...(listenAddress === undefined ? {} : { listenAddress }),
    }),
    interfaces: () => [],
    clockOffsetMs: () => 0,
    random: () => 0.5,
    onEntries: (entries) => toServer.push(...entries),
    onProgress: () => {},
    fetchContent: ({ sha256 }) =>
      Promise.resolve(
        sha256 === HELD
          ? { ok: true, bytes: new Uint8Array([1, 2, 3]) }
          : { ok: false, reason: "it does not hold it", isFinal: true },
      ),
    answerPeer: () => Promise.resolve(NOBODY_ANSWERS),
    onFleetDocument: () => {},
  });
  const take = (enabled: boolean, serial: number, hostname = "web-1", hasPayload = true) => {
    const swarm = { enabled, subsystems: hasPayload ? subsystems("payload") : subsystems() };
    held.takeEnvoy(seal("envoyDocument", envoyDocument({ serial, hostname, swarm })));
    held.takeFleet(seal("fleetDocument", fleetDocument({ serial })));
    keeper.update();
  };
  return { keeper, engines, clock, log, take, toServer, held };
}

const entry = { ...UNSIGNED_ENTRY, author: envoy.publicKey.toHex() };

Deno.test("the engine runs while the gates are open and gets its documents", async () => {
  const { keeper, engines, take } = setUp();
  keeper.update();
  assert.equal(engines.length, 0, "no documents, no engine");
  take(true, 1);
  assert.equal(keeper.state, "starting");
  assert.ok(engines[0]?.sent.includes("documents"));
  engines[0]?.handlers.onEvent({ kind: "ready", port: 1531, address: "10.0.0.2" });
  assert.equal(keeper.state, "running");
  assert.equal(keeper.address, "10.0.0.2:1531");
  assert.equal(keeper.facts().port, 1531);
  take(false, 2);
  await keeper.stop();
  assert.equal(engines[0]?.ended, true);
  assert.equal(engines.length, 1);
  assert.equal(keeper.state, "off");
});

Deno.test("after a rename the engine starts anew, once the old one has stopped, and signs as what it is now", async () => {
  const { keeper, engines, take } = setUp();
  take(true, 1);
  take(true, 2, "app-1");
  assert.equal(engines.length, 1, "two engines never share a folder");
  take(true, 3, "app-1");
  await eventually("the second engine starts", () => engines.length === 2);
  assert.equal(engines[0]?.ended, true);
  const sign = (origin: string) =>
    engines[1]?.handlers.onEvent({ kind: "sign", requestId: 1, entry: { ...entry, origin } });
  sign("web-1");
  sign("app-1");
  assert.deepEqual(engines[1]?.sent.slice(-2), ["unsigned", "signed"]);
  await keeper.stop();
  assert.equal(engines.length, 2);
});

Deno.test("an engine that dies is started again after a growing pause", async () => {
  const { keeper, engines, clock, take, log } = setUp();
  take(true, 1);
  engines[0]?.handlers.onCrash("out of memory");
  assert.equal(keeper.state, "failed");
  assert.ok(log.lines.some((line) => line.includes("out of memory")));
  await clock.settle();
  await clock.advance(1_000);
  assert.equal(engines.length, 2);
  engines[1]?.handlers.onEvent({ kind: "fatal", reason: "port in use" });
  assert.equal(engines[1]?.ended, true);
  await clock.settle();
  await clock.advance(1_000);
  assert.equal(engines.length, 2, "the second pause is longer");
  await clock.advance(1_000);
  assert.equal(engines.length, 3);
  await keeper.stop();
});

Deno.test("gates that close while an engine is dead keep it from coming back", async () => {
  const { keeper, engines, clock, take } = setUp();
  take(true, 1);
  engines[0]?.handlers.onCrash("died");
  take(false, 2);
  await clock.settle();
  await clock.advance(120_000);
  assert.equal(engines.length, 1);
  take(true, 3);
  assert.equal(engines.length, 2, "opened again, it starts at once");
  await keeper.stop();
});

Deno.test("own entries are signed and remembered for the server; others' are not signed", () => {
  const { keeper, engines, take, log, toServer } = setUp();
  take(true, 1);
  const engine = engines[0];
  assert.ok(engine);
  // The channel's types are branded; what comes over it is judged, so a test may send anything.
  const ask = (requestId: number, asked: object) =>
    engine.handlers.onEvent({ kind: "sign", requestId, entry: asked } as never);
  ask(1, entry);
  const signed = engine.messages.find((message) => message.kind === "signed");
  assert.ok(signed);
  ask(2, { ...entry, author: "c".repeat(64) });
  assert.deepEqual(engine.sent.slice(-1), ["unsigned"]);
  assert.ok(log.lines.some((line) => line.includes("may not have")));
  engine.handlers.onEvent({ kind: "entries", entries: [signed.entry], digest: "ab" });
  assert.deepEqual(keeper.ownEntries(), [signed.entry]);
  assert.deepEqual(toServer, [signed.entry]);
  assert.deepEqual(keeper.facts().manifestDigest, Uint8Array.of(0xab));
});

Deno.test("a fleet document that a peer brought is believed by its signature and serial alone", () => {
  const { engines, take, held, log } = setUp();
  take(true, 5);
  engines[0]?.handlers.onEvent({
    kind: "fleet",
    signed: seal("fleetDocument", fleetDocument({ serial: 9 })),
  });
  assert.equal(held.fleet()?.value.serial, 9);
  engines[0]?.handlers.onEvent({
    kind: "fleet",
    signed: seal("fleetDocument", fleetDocument({ serial: 4 })),
  });
  const forged = sealDocument("fleetDocument", {}, generateEd25519().signer);
  engines[0]?.handlers.onEvent({ kind: "fleet", signed: forged });
  assert.equal(held.fleet()?.value.serial, 9);
  assert.equal(log.lines.filter((line) => line.includes("of a peer refused")).length, 2);
});

Deno.test("why an engine does not start is told until it does", () => {
  const { keeper, engines, take } = setUp();
  take(true, 1);
  const hear = engines[0]?.handlers.onEvent;
  const properties = { reason: "address already in use" };
  hear?.({ kind: "log", level: "error", message: "cannot start the swarm", properties });
  assert.deepEqual([keeper.state, keeper.problem], ["starting", "address already in use"]);
  hear?.({ kind: "ready", address: "127.0.0.1", port: 1531 });
  assert.deepEqual([keeper.state, keeper.problem], ["running", ""]);
  hear?.({ kind: "log", level: "error", message: "a peer misbehaved", properties });
  assert.equal(keeper.problem, "");
});

Deno.test("the page of the server's manifest that the engine wants is asked for and handed on, and forgotten with it", () => {
  const { keeper, engines, take } = setUp();
  take(true, 1);
  const [engine] = engines;
  assert.ok(engine);
  assert.equal(keeper.facts().manifestSince, "");
  engine.handlers.onEvent({ kind: "roster", since: "start" });
  assert.equal(keeper.facts().manifestSince, "start");
  const roster = { since: "start", next: "s:1", isComplete: true, entries: [] };
  keeper.noteCheckIn(roster);
  const [clock, answered] = engine.messages.slice(-2);
  assert.equal(clock?.kind, "clock");
  assert.ok(answered?.kind === "checked_in");
  assert.deepEqual(answered.roster, roster);
  engine.handlers.onCrash("killed");
  assert.equal(keeper.facts().manifestSince, "");
});

Deno.test("an engine is shown the gates that end it, and why it is off is told", () => {
  const { keeper, engines, take } = setUp();
  take(true, 1);
  take(false, 2);
  const last = engines[0]?.messages.findLast(({ kind }) => kind === "documents");
  assert.ok(last?.kind === "documents");
  assert.equal(last.envoy.swarm.enabled, false);
  assert.equal(keeper.state, "off");
  assert.match(keeper.problem, /^swarm\.enabled of the server/);
});

Deno.test("content that the engine wants of the server is asked for, and an engine of before hears nothing", async () => {
  const { keeper, engines, take, clock } = setUp();
  take(true, 1);
  keeper.update();
  const [engine] = engines;
  assert.ok(engine);
  const ask = (requestId: number, sha256: string) =>
    engine.handlers.onEvent({
      kind: "fetch",
      requestId,
      sha256,
      wanted: { chunk: 0, count: 1 },
      sizeBytes: 3,
    });
  ask(1, HELD);
  ask(2, "cd".repeat(32));
  await clock.settle();
  assert.deepEqual(engine.messages.filter(({ kind }) => kind === "fetched"), [
    { kind: "fetched", requestId: 1, answer: { ok: true, bytes: new Uint8Array([1, 2, 3]) } },
    {
      kind: "fetched",
      requestId: 2,
      answer: { ok: false, reason: "it does not hold it", isFinal: true },
    },
  ]);
  ask(3, HELD);
  take(false, 2);
  keeper.update();
  await clock.settle();
  assert.equal(engine.messages.filter(({ kind }) => kind === "fetched").length, 2);
});

Deno.test("an engine goes on without filecasts, and ends with the swarm's own gate", () => {
  const { engines, take } = setUp();
  take(true, 1, "web-1", false);
  assert.equal(engines.length, 1);
  take(true, 2, "web-1", true);
  take(true, 3, "web-1", false);
  assert.deepEqual([engines.length, engines[0]?.ended], [1, false]);
  take(false, 4);
  assert.equal(engines[0]?.ended, false, "it ends once what came before is done");
});

Deno.test("a clean-up is the engine's while one runs, and answered with nothing if it dies", async () => {
  const { keeper, engines, take, clock } = setUp();
  take(true, 1);
  const [engine] = engines;
  assert.ok(engine);
  const asked = keeper.cleanUp();
  await clock.settle();
  const request = engine.messages.find((message) => message.kind === "clean");
  assert.ok(request?.kind === "clean");
  const done = { danglingLinks: 1, stalePartials: 2, errors: 0 };
  engine.handlers.onEvent({ kind: "cleaned", requestId: request.requestId, ...done });
  assert.deepEqual(await asked, done);

  const again = keeper.cleanUp();
  await clock.settle();
  engine.handlers.onCrash("killed");
  assert.equal(await again, null);
});

Deno.test("an address to listen on is announced to the server, one that stands for all is not", () => {
  for (const [listenAddress, announced] of [["10.0.0.2", "10.0.0.2:1531"], ["0.0.0.0", ""]]) {
    const { keeper, engines, take } = setUp(listenAddress);
    take(true, 1);
    engines[0]?.handlers.onEvent({ kind: "ready", port: 1531, address: "10.0.0.2" });
    assert.equal(keeper.facts().announced, announced);
  }
});

Deno.test("a diagnosis is the engine's answer, and nothing if there is no engine or it dies over it", async () => {
  const { keeper, engines, take } = setUp();
  assert.equal(await keeper.diagnose("db-1"), null);
  take(true, 1);
  const waiting = Array.from({ length: 4 }, (_, index) => keeper.diagnose(`db-${index}`));
  assert.equal(await keeper.diagnose("db-9"), "busy");
  const [asked] = engines[0]?.messages.filter(({ kind }) => kind === "diagnose") ?? [];
  assert.ok(asked?.kind === "diagnose" && asked.peer === "db-0");
  engines[0]?.handlers.onEvent({
    kind: "diagnosed",
    requestId: asked.requestId,
    diagnosis: SOUND,
  });
  assert.deepEqual(await waiting[0], SOUND);
  engines[0]?.handlers.onCrash("out of memory");
  assert.deepEqual(await Promise.all(waiting.slice(1)), [null, null, null]);
  await keeper.stop();
});

Deno.test("an engine knows the interfaces before the documents let it begin", () => {
  const { engines, take } = setUp();
  take(true, 1);
  const sent = engines[0]?.sent ?? [];
  assert.ok(sent.indexOf("interfaces") < sent.indexOf("documents"), `${sent}`);
});
