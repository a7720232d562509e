import assert from "node:assert/strict";
import { rootPaths } from "../shared/platform/root_paths.ts";
import { UserError } from "../shared/terminal/user_error.ts";
import type { FromServer, ServerStart, ToServer } from "./channel.ts";
import { defaultServerConfig } from "./config/read_server_config.ts";
import { serverFolders } from "./prepare_root.ts";
import { type ServerWorker, supervise } from "./supervise.ts";

const start: ServerStart = {
  kind: "start",
  config: defaultServerConfig(),
  folders: serverFolders(rootPaths("/")),
  hostname: "hub",
  addresses: [],
  minFreePercent: 10,
};

const checkIntegrity = () => Promise.resolve(["a finding"]);

/** A worker that answers each message with what the test gives it. */
class FakeWorker implements ServerWorker {
  onmessage: ServerWorker["onmessage"] = null;
  onerror: ServerWorker["onerror"] = null;
  readonly received: ToServer["kind"][] = [];
  isTerminated = false;

  constructor(private readonly answer: (kind: ToServer["kind"], worker: FakeWorker) => void) {}

  postMessage(message: ToServer): void {
    this.received.push(message.kind);
    this.answer(message.kind, this);
  }

  say(data: FromServer): void {
    this.onmessage?.(new MessageEvent("message", { data }));
  }

  crash(message: string): void {
    this.onerror?.(new ErrorEvent("error", { message, cancelable: true }));
  }

  terminate(): void {
    this.isTerminated = true;
  }
}

const READY: FromServer = { kind: "ready", listen: "127.0.0.1", grpcPort: 1, restPort: 2 };

Deno.test("a server that is ready runs until it is told to stop, and has then stopped", async () => {
  const stop = new AbortController();
  const worker = new FakeWorker((kind, self) =>
    self.say(kind === "start" ? READY : { kind: "stopped" })
  );
  const ready: number[] = [];
  await supervise({
    worker,
    start,
    checkIntegrity,
    signal: stop.signal,
    onReady: ({ grpcPort, restPort }) => {
      ready.push(grpcPort, restPort);
      stop.abort();
    },
  });
  assert.deepEqual([ready, worker.received, worker.isTerminated], [
    [1, 2],
    ["start", "stop"],
    true,
  ]);
});

Deno.test("a server that cannot be announced is ended, with the reason", async () => {
  const worker = new FakeWorker((kind, self) => kind === "start" && self.say(READY));
  const reason = new Error("no room for the address");
  const ended = supervise({
    worker,
    start,
    checkIntegrity,
    signal: new AbortController().signal,
    onReady: () => {
      throw reason;
    },
  });
  await assert.rejects(ended, (error) => error === reason);
  assert.equal(worker.isTerminated, true);
});

Deno.test("the server is told what a check of the database finds, and why there was none", async () => {
  for (
    const [check, expected] of [
      [checkIntegrity, { ok: true, findings: ["a finding"] }],
      [() => Promise.reject(new Error("no file")), { ok: false, reason: "no file" }],
    ] as const
  ) {
    const { port1: here, port2: there } = new MessageChannel();
    const answered = new Promise((resolve) => {
      here.onmessage = ({ data }) => resolve(data);
    });
    const stop = new AbortController();
    const worker = new FakeWorker((kind, self) =>
      self.say(kind === "start" ? { kind: "checkIntegrity", answer: there } : { kind: "stopped" })
    );
    const running = supervise({
      worker,
      start,
      signal: stop.signal,
      onReady: () => {},
      checkIntegrity: check,
    });
    assert.deepEqual(await answered, expected);
    here.close();
    stop.abort();
    await running;
  }
});

Deno.test("a signal that came before the start still stops the server", async () => {
  const worker = new FakeWorker((kind, self) =>
    self.say(kind === "start" ? READY : { kind: "stopped" })
  );
  await supervise({
    worker,
    start,
    checkIntegrity,
    signal: AbortSignal.abort(),
    onReady: () => {},
  });
  assert.deepEqual(worker.received, ["start", "stop"]);
});

for (
  const [what, answer, expected] of [
    [
      "a server that cannot start",
      (_kind: string, self: FakeWorker) =>
        self.say({ kind: "fatal", reason: "Cannot open database" }),
      /^Cannot open database$/,
    ],
    [
      "a server that crashes",
      (_kind: string, self: FakeWorker) => self.crash("Uncaught RangeError: boom"),
      /^The server crashed: Uncaught RangeError: boom$/,
    ],
    [
      "a server that does not stop",
      (_kind: string, _self: FakeWorker) => {},
      /^The server did not stop within 1 ms$/,
    ],
  ] as const
) {
  Deno.test(`${what} ends the process with the reason`, async () => {
    const worker = new FakeWorker(answer);
    await assert.rejects(
      supervise({
        worker,
        start,
        checkIntegrity,
        signal: AbortSignal.abort(),
        onReady: () => {},
        stopDeadlineMs: 1,
      }),
      (error) => error instanceof UserError && expected.test(error.message),
    );
    assert.equal(worker.isTerminated, true);
  });
}
