import assert from "node:assert/strict";
import { eventually } from "../../tests/support/eventually.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { CheckInLoop } from "./check_in_loop.ts";
import type { CycleOutcome, CycleRequest } from "./cycle.ts";
import { FileLock } from "../runtime/cycle_lock.ts";
import { FakeClock } from "../runtime/fake_clock.ts";
import { fakeLog } from "../runtime/fake_log.ts";
import { WakeQueue } from "./wake_queue.ts";

const INTERVAL_MS = 60_000;
const ANSWERED: CycleOutcome = { renewCertificate: false, suspectedClone: false };
const LOST: CycleOutcome = {
  ...ANSWERED,
  failure: { message: "connection refused", clockSuspected: false },
};

/** A loop whose cycles are answered by the test. */
class Rig implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly log = fakeLog();
  readonly queue = new WakeQueue();
  readonly cycles: CycleRequest[] = [];
  readonly renewals: boolean[] = [];
  readonly loop: CheckInLoop;
  answer: () => CycleOutcome = () => ANSWERED;
  isExpired = false;
  answered = 0;
  examinations = 0;
  readonly lockPath: string;
  readonly #scope = new AbortController();
  #running: Promise<void> = Promise.resolve();

  private constructor(private readonly root: TemporaryRoot) {
    this.lockPath = root.join("cycle.lock");
    this.loop = new CheckInLoop({
      clock: this.clock,
      log: this.log,
      queue: this.queue,
      cycle: {
        run: (request) => {
          this.cycles.push(request);
          return new Promise((resolve) => resolve(this.answer()));
        },
      },
      certificate: {
        isExpired: () => this.isExpired,
        renewIfDue: (asked) => {
          this.renewals.push(asked);
          return Promise.resolve();
        },
      },
      doctor: {
        examine: () => {
          this.examinations++;
          return Promise.resolve();
        },
      },
      lockPath: this.lockPath,
      stateFolder: "/var/lib/vigo",
      splay: 0,
      intervalMs: () => INTERVAL_MS,
      onAnswered: () => this.answered++,
      random: () => 0.5,
    });
  }

  static async create(): Promise<Rig> {
    return new Rig(await TemporaryRoot.create());
  }

  start(): void {
    this.#running = this.loop.run(this.#scope.signal);
  }

  /** Resolves once `count` cycles are over and the loop waits for the next. */
  async rest(count: number): Promise<void> {
    await eventually(
      `the loop rests after ${count} cycles`,
      () => this.cycles.length === count && this.clock.sleeping === 1,
    );
  }

  async stop(): Promise<void> {
    this.#scope.abort();
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.root[Symbol.asyncDispose]();
  }
}

Deno.test("the first cycle is at the start, the next at the envoy's place in the interval", async () => {
  await using rig = await Rig.create();
  rig.start();
  await rig.rest(1);
  assert.equal(rig.loop.state.nextCheckInAtMs, Math.ceil(1_000_000 / INTERVAL_MS) * INTERVAL_MS);
  await rig.clock.advance(INTERVAL_MS);
  await rig.rest(2);
  assert.deepEqual(rig.cycles.map(({ trigger }) => trigger), ["start", "interval"]);
});

Deno.test("who asks for a cycle gets one at once, and hears what came of it", async () => {
  await using rig = await Rig.create();
  rig.start();
  await rig.rest(1);
  const heard = new Promise<CycleOutcome>((onDone) => {
    rig.queue.add({ trigger: "manual", dryRun: true, force: false, onDone });
  });
  assert.equal(await heard, ANSWERED);
  assert.deepEqual([rig.cycles[1]?.trigger, rig.cycles[1]?.dryRun], ["manual", true]);
});

Deno.test("failures are counted until the server answers, told once and then only in detail", async () => {
  await using rig = await Rig.create();
  rig.answer = () => LOST;
  rig.start();
  await rig.rest(1);
  await rig.clock.advance(INTERVAL_MS);
  await rig.rest(2);
  assert.equal(rig.loop.state.failures, 2);
  assert.equal(rig.answered, 0);
  assert.deepEqual(rig.log.lines.map((line) => line.split(":")[0]), ["warn", "debug"]);
  rig.answer = () => ANSWERED;
  await rig.clock.advance(INTERVAL_MS);
  await rig.rest(3);
  assert.equal(rig.loop.state.failures, 0);
  assert.equal(rig.answered, 1);
  assert.match(rig.log.lines.at(-1) ?? "", /^info: the server answers again/);
});

Deno.test("a clock that may be wrong is examined, and so it is when the certificate has expired", async () => {
  await using rig = await Rig.create();
  rig.answer = () => LOST;
  rig.start();
  await rig.rest(1);
  assert.equal(rig.examinations, 0);
  rig.answer = () => ({ ...LOST, failure: { message: "expired", clockSuspected: true } });
  await rig.clock.advance(INTERVAL_MS);
  await rig.rest(2);
  assert.equal(rig.examinations, 1);
  rig.answer = () => LOST;
  rig.isExpired = true;
  await rig.clock.advance(INTERVAL_MS);
  await rig.rest(3);
  assert.equal(rig.examinations, 2);
  assert.deepEqual(rig.renewals, [false]);
});

Deno.test("a renewal that the server asks for is made after the cycle", async () => {
  await using rig = await Rig.create();
  rig.answer = () => ({ ...ANSWERED, renewCertificate: true });
  rig.start();
  await rig.rest(1);
  assert.deepEqual(rig.renewals, [true]);
});

Deno.test("a disk that takes no writes fails the cycle and not the loop", async () => {
  await using rig = await Rig.create();
  rig.answer = () => {
    throw Object.assign(new Error("database or disk is full"), { errcode: 13 });
  };
  rig.start();
  await rig.rest(1);
  assert.equal(rig.loop.state.failures, 1);
  assert.match(rig.log.lines[0] ?? "", /^error: cannot store what a cycle needs/);
  rig.answer = () => ANSWERED;
  await rig.clock.advance(INTERVAL_MS);
  await rig.rest(2);
  assert.equal(rig.loop.state.failures, 0);
});

Deno.test("what no waiting heals ends the loop", async () => {
  await using rig = await Rig.create();
  rig.answer = () => {
    throw new TypeError("a defect");
  };
  await assert.rejects(rig.loop.run(new AbortController().signal), /a defect/);
  assert.equal(rig.loop.state.activity, "stopping");
});

Deno.test("a cycle waits for the run that holds the lock, and a stop ends that wait", async () => {
  await using rig = await Rig.create();
  const held = await FileLock.take(rig.lockPath, { pid: 1, what: "vigo run --once", sinceMs: 0 });
  rig.start();
  await eventually("the loop waits for the lock", () => rig.clock.sleeping === 1);
  assert.deepEqual(rig.cycles, []);
  assert.match(rig.log.lines[0] ?? "", /^info: waiting for another run to end/);
  await rig.stop();
  assert.deepEqual(rig.cycles, []);
  held[Symbol.dispose]();
});
