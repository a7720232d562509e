import assert from "node:assert/strict";
import fc from "fast-check";
import { Bitmap } from "./bitmap.ts";
import { DownloadScheduler, type SchedulerStep } from "./scheduler.ts";
import { schedulerLimits } from "./scheduler_limits.ts";

const LIMITS = schedulerLimits(1024 * 1024);

function bitmap(length: number, ...chunks: number[]): Bitmap {
  const made = new Bitmap(length);
  for (const chunk of chunks) made.set(chunk);
  return made;
}

function scheduler(have: Bitmap, firstChunk = 0): DownloadScheduler {
  return new DownloadScheduler({ have, limits: LIMITS, firstChunk, nowMs: 0 });
}

Deno.test("of each peer the rarest chunk is asked for first", () => {
  const download = scheduler(new Bitmap(9));
  download.setPeer("p1", bitmap(9, 0, 1, 2, 3));
  download.setPeer("p2", bitmap(9, 0, 1, 2, 4));
  const first = (peer: string) =>
    download.step(0).requests.find((request) => request.peer === peer)?.chunk;
  assert.equal(first("p1"), 3);
});

Deno.test("whoever answers soonest is asked first, so that nobody waits for the holder of what is rare", () => {
  const download = scheduler(new Bitmap(200));
  const all = Array.from({ length: 150 }, (_, index) => index);
  download.setPeer("slow", bitmap(200, ...all));
  download.setPeer("fast", bitmap(200, ...all));
  let nowMs = 0;
  for (let round = 0; round < 6; round++) {
    for (const { id, peer } of download.step(nowMs).requests) {
      download.finish(id, { kind: "verified", elapsedMs: peer === "slow" ? 900 : 10 }, nowMs++);
    }
  }
  const { requests } = download.step(nowMs);
  assert.deepEqual(requests.slice(0, 4).map(({ peer }) => peer), Array(4).fill("fast"));
});

Deno.test("envoys that start together begin at different chunks", () => {
  const first = (firstChunk: number) => {
    const download = scheduler(new Bitmap(10), firstChunk);
    download.setPeer("origin", Bitmap.full(10));
    return download.step(0).requests.map(({ chunk }) => chunk);
  };
  assert.deepEqual(first(0), [0, 1, 2, 3]);
  assert.deepEqual(first(8), [8, 9, 0, 1]);
});

Deno.test("no peer gets more than four requests, and a holder of everything gets them last", () => {
  const download = scheduler(new Bitmap(20));
  download.setPeer("origin", Bitmap.full(20));
  download.setPeer("peer", bitmap(20, ...Array.from({ length: 19 }, (_, index) => index)));
  const { requests } = download.step(0);
  const asked = (name: string) => requests.filter(({ peer }) => peer === name).length;
  assert.deepEqual([asked("origin"), asked("peer")], [4, 4]);
  assert.deepEqual(requests.slice(0, 2).map(({ peer }) => peer), ["peer", "peer"]);
  const ofOrigin = requests.filter(({ peer }) => peer === "origin");
  assert.equal(ofOrigin[0]?.chunk, 19, "what only the origin has is what it is asked for");
});

Deno.test("a complete peer is spared the chunks that it has already given to others", () => {
  const download = scheduler(new Bitmap(40));
  download.setPeer("origin", Bitmap.full(40));
  download.setPeer("p1", bitmap(40, 0, 1, 2, 3, 4, 5));
  download.setPeer("p2", bitmap(40, 0, 1, 2, 3, 4, 5));
  download.setGiven("origin", bitmap(40, ...Array.from({ length: 38 }, (_, index) => index)));
  const { requests } = download.step(0);
  const ofOrigin = requests.filter(({ peer }) => peer === "origin").map(({ chunk }) => chunk);
  assert.deepEqual(ofOrigin.slice(0, 2).sort(), [38, 39]);
  assert.ok(
    requests.some(({ peer }) => peer === "p1") && requests.some(({ peer }) => peer === "p2"),
  );
});

Deno.test("of a complete peer chunks that nobody has are asked first, about in order, and not all envoys ask the same", () => {
  const freshOf = (firstChunk: number) => {
    const download = scheduler(new Bitmap(400), firstChunk);
    download.setPeer("origin", Bitmap.full(400));
    download.setGiven("origin", bitmap(400, ...Array.from({ length: 200 }, (_, index) => index)));
    return download.step(0).requests.map(({ chunk }) => chunk);
  };
  const [one, other] = [freshOf(7), freshOf(8)];
  assert.notDeepEqual(one, other);
  for (const chunk of [...one, ...other]) assert.ok(chunk >= 200 && chunk < 270, `not ${chunk}`);
});

Deno.test("a complete peer is asked as soon as others while it has chunks that nobody has, and last after that", () => {
  const placeOf = (given: Bitmap) => {
    const download = scheduler(new Bitmap(40));
    download.setPeer("origin", Bitmap.full(40));
    download.setPeer("p1", bitmap(40, 0, 1, 2, 3, 4, 5));
    download.setPeer("p2", bitmap(40, 0, 1, 2, 3, 4, 5));
    download.setGiven("origin", given);
    return download.step(0).requests.findIndex(({ peer }) => peer === "origin");
  };
  assert.ok(placeOf(bitmap(40, 0, 1, 2, 3, 4, 5)) < 3);
  assert.ok(placeOf(Bitmap.full(40)) < 0, "what others have is asked of them");
});

Deno.test("a chunk that was just given to somebody else is asked of its giver again only a second later", () => {
  const download = scheduler(new Bitmap(2));
  download.setPeer("origin", Bitmap.full(2));
  const [first] = download.step(0).requests;
  download.finish(first?.id ?? 0, { kind: "given_before" }, 0);
  assert.deepEqual(download.step(0).requests, []);
  download.setPeer("peer", bitmap(2, first?.chunk ?? 0));
  const [second] = download.step(1).requests;
  assert.deepEqual([second?.peer, second?.chunk], ["peer", first?.chunk], "it is elsewhere now");
  download.removePeer("peer");
  assert.deepEqual(download.step(999).requests, []);
  assert.equal(download.wakeMs(999), 1000);
  assert.equal(download.step(1000).requests[0]?.chunk, first?.chunk);
});

Deno.test("a complete peer goes on giving, at a lower rate, while nobody else can", () => {
  const download = scheduler(new Bitmap(40));
  download.setPeer("origin", Bitmap.full(40));
  download.setPeer("p1", new Bitmap(40));
  download.setPeer("p2", new Bitmap(40));
  download.setGiven("origin", Bitmap.full(40));
  assert.equal(download.step(0).requests.length, 2);
});

Deno.test("at most eight peers are asked at once", () => {
  const download = scheduler(new Bitmap(100));
  for (let index = 0; index < 20; index += 1) download.setPeer(`p${index}`, Bitmap.full(100));
  const peers = new Set(download.step(0).requests.map(({ peer }) => peer));
  assert.equal(peers.size, 8);
});

Deno.test("a peer that sends wrong bytes is benched for ten minutes and the chunk asked elsewhere", () => {
  const download = scheduler(new Bitmap(1));
  download.setPeer("liar", Bitmap.full(1));
  const [request] = download.step(0).requests;
  download.finish(request?.id ?? 0, { kind: "corrupt" }, 0);
  assert.deepEqual(download.step(1).requests, []);
  assert.deepEqual(download.benched(1), ["liar"]);
  download.setPeer("honest", Bitmap.full(1));
  assert.equal(download.step(1).requests[0]?.peer, "honest");
  assert.deepEqual(download.benched(600_000), []);
});

Deno.test("failures in a row pause a peer longer each time", () => {
  const download = scheduler(new Bitmap(1));
  download.setPeer("peer", Bitmap.full(1));
  let nowMs = 0;
  const pauses: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    const [request] = download.step(nowMs).requests;
    assert.ok(request);
    download.finish(request.id, { kind: "failed" }, nowMs);
    const wakeMs = download.wakeMs(nowMs);
    assert.deepEqual(download.step(wakeMs - 1).requests, []);
    pauses.push(wakeMs - nowMs);
    nowMs = wakeMs;
  }
  assert.deepEqual(pauses, [250, 500, 1000, 2000]);
});

Deno.test("the last chunks are asked of two peers, and the slower answer is cancelled", () => {
  const download = scheduler(new Bitmap(1));
  download.setPeer("slow", Bitmap.full(1));
  const [slow] = download.step(0).requests;
  download.setPeer("fast", Bitmap.full(1));
  const [fast] = download.step(1).requests;
  assert.equal(fast?.peer, "fast");
  assert.equal(download.finish(fast?.id ?? 0, { kind: "verified", elapsedMs: 1 }, 2), true);
  assert.deepEqual(download.step(2).cancel, [slow?.id]);
  assert.equal(download.finish(slow?.id ?? 0, { kind: "verified", elapsedMs: 9 }, 9), false);
  assert.equal(download.state(9), "complete");
});

Deno.test("a peer that does not hold what it said is not asked for that chunk again", () => {
  const download = scheduler(new Bitmap(2));
  download.setPeer("peer", Bitmap.full(2));
  const [first] = download.step(0).requests;
  download.finish(first?.id ?? 0, { kind: "not_held" }, 0);
  assert.deepEqual(download.step(0).requests, []);
  download.setPeer("peer", Bitmap.full(2));
  assert.equal(download.step(0).requests[0]?.chunk, first?.chunk);
});

Deno.test("a peer that had nothing to ask for is asked as soon as it has, or somebody else does not give what it has", () => {
  const asked = ({ requests }: SchedulerStep) => requests.map(({ peer, chunk }) => [peer, chunk]);
  const download = scheduler(bitmap(4, 3));
  download.setPeer("p1", bitmap(4, 0, 3));
  assert.deepEqual(asked(download.step(0)), [["p1", 0]]);
  download.setPeer("p2", bitmap(4, 0, 3));
  assert.deepEqual(asked(download.step(0)), [], "somebody is asked for the only chunk of both");
  assert.equal(download.finish(1, { kind: "failed" }, 0), false);
  assert.deepEqual(asked(download.step(0)), [["p2", 0]]);
  assert.equal(download.finish(2, { kind: "verified", elapsedMs: 1 }, 1), true);
  assert.deepEqual(asked(download.step(1_000)), []);
  download.setPeer("p2", bitmap(4, 0, 1, 3));
  assert.deepEqual(asked(download.step(1_000)), [["p2", 1]]);
  assert.deepEqual(asked(download.step(1_000)), []);
  download.lose(3);
  assert.deepEqual(asked(download.step(1_000)).map(([, chunk]) => chunk), [3]);
});

Deno.test("without a new chunk for half a minute a download gives up", () => {
  const download = scheduler(new Bitmap(1));
  assert.equal(download.state(LIMITS.noProgressMs - 1), "running");
  assert.equal(download.state(LIMITS.noProgressMs), "no_progress");
});

Deno.test("whatever peers do, each chunk counts once and an honest holder completes the download", () => {
  const kinds = ["verified", "corrupt", "not_held", "failed", "timed_out", "busy"] as const;
  const scenario = fc.record({
    count: fc.integer({ min: 1, max: 40 }),
    firstChunk: fc.nat(39),
    peers: fc.integer({ min: 1, max: 10 }),
    fates: fc.infiniteStream(fc.constantFrom(...kinds)),
  });
  fc.assert(fc.property(scenario, ({ count, firstChunk, peers, fates }) => {
    const download = scheduler(new Bitmap(count), firstChunk);
    for (let index = 0; index < peers; index += 1) {
      download.setPeer(`p${index}`, Bitmap.full(count));
    }
    download.setPeer("honest", Bitmap.full(count));
    const perPeer = new Map<string, number>();
    const news = new Set<number>();
    for (let nowMs = 0; download.state(nowMs) === "running"; nowMs = download.wakeMs(nowMs)) {
      for (let more = true; more;) {
        const { requests } = download.step(nowMs);
        more = requests.length > 0;
        perPeer.clear();
        for (const { peer } of requests) perPeer.set(peer, (perPeer.get(peer) ?? 0) + 1);
        for (const asked of perPeer.values()) assert.ok(asked <= LIMITS.maxInFlightPerPeer);
        for (const { id, peer, chunk } of requests) {
          const fate = peer === "honest" ? "verified" : fates.next().value;
          const outcome = { kind: fate, elapsedMs: 1, waitedMs: 1, retryAfterMs: 1000 };
          if (download.finish(id, outcome, nowMs)) {
            assert.equal(news.has(chunk), false);
            news.add(chunk);
          }
        }
      }
    }
    assert.equal(news.size, count);
  }));
});

Deno.test("a chunk that turned out to be damaged is asked for again", () => {
  const download = scheduler(bitmap(2, 0, 1));
  download.setPeer("origin", Bitmap.full(2));
  assert.equal(download.state(0), "complete");
  download.lose(1);
  assert.equal(download.state(0), "running");
  const { requests } = download.step(0);
  assert.deepEqual(requests.map(({ chunk }) => chunk), [1]);
  assert.equal(download.finish(requests[0]?.id ?? 0, { kind: "verified", elapsedMs: 1 }, 0), true);
  assert.equal(download.state(0), "complete");
});

Deno.test("what no peer holds is found in runs, from where this envoy begins", () => {
  const download = scheduler(bitmap(10, 0), 4);
  download.setPeer("p1", bitmap(10, 5, 9));
  assert.deepEqual(download.findUnheld(8), { chunk: 4, count: 1 });
  assert.equal(download.noteFromElsewhere(4, 1), true);
  assert.equal(download.noteFromElsewhere(4, 1), false, "it is no news any more");
  assert.deepEqual(download.findUnheld(8), { chunk: 6, count: 3 });
  assert.deepEqual(download.findUnheld(2), { chunk: 6, count: 2 });
  download.removePeer("p1");
  assert.deepEqual(download.findUnheld(8), { chunk: 5, count: 5 });
  for (let chunk = 1; chunk < 10; chunk += 1) download.noteFromElsewhere(chunk, 1);
  assert.equal(download.findUnheld(8), undefined);
  assert.equal(download.state(1), "complete");
});
