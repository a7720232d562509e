import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { connect } from "node:net";
import { eventually } from "../../tests/support/eventually.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { buildRunReport } from "../apply/run_report.ts";
import { explain } from "../commands/explain.ts";
import { createControlApi, type RunEvent } from "../daemon/local_api.ts";
import { callDaemon, DaemonUnreachableError } from "./local_client.ts";
import { LocalServer, sendJson } from "./local_server.ts";
import { WakeQueue } from "../cycle/wake_queue.ts";

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ dir: "/tmp" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function modeOf(path: string): Promise<number> {
  return ((await Deno.stat(path)).mode ?? 0) & 0o777;
}

Deno.test("a request is answered line by line over a socket of the given mode", () =>
  withFolder(async (folder) => {
    const path = `${folder}/a.sock`;
    const server = await LocalServer.listen(path, 0o666, (request, response) => {
      response.write(`${request.method} ${request.url}\n`);
      response.end("done\n");
      return Promise.resolve();
    });
    try {
      assert.equal(await modeOf(path), 0o666);
      const lines: string[] = [];
      await callDaemon(path, { method: "GET", path: "/status" }, (line) => lines.push(line));
      assert.deepEqual(lines, ["GET /status", "done"]);
    } finally {
      await server.close();
    }
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
  }));

Deno.test("a socket that somebody listens on is never taken over; one that was left is", () =>
  withFolder(async (folder) => {
    const path = `${folder}/a.sock`;
    const answer = () => Promise.resolve();
    const server = await LocalServer.listen(path, 0o600, answer);
    await assert.rejects(LocalServer.listen(path, 0o600, answer), /another process/);
    await server.close();
    // What kill -9 leaves: a name that nobody answers.
    await Deno.writeTextFile(path, "");
    const second = await LocalServer.listen(path, 0o600, answer);
    await second.close();
  }));

Deno.test({
  name: "a program that is started meanwhile does not get hold of the socket",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withFolder(async (folder) => {
      const server = await LocalServer.listen(`${folder}/a.sock`, 0o600, () => Promise.resolve());
      try {
        const list = new Deno.Command("ls", { args: ["-l", "/proc/self/fd"] });
        const held = new TextDecoder().decode((await list.output()).stdout);
        assert.doesNotMatch(held, /socket:/);
      } finally {
        await server.close();
      }
    }),
});

Deno.test("a listener that a child of a killed daemon holds open without reading is no daemon", () =>
  withFolder(async (folder) => {
    const path = `${folder}/a.sock`;
    using _held = Deno.listen({ transport: "unix", path });
    const server = await LocalServer.listen(path, 0o600, () => Promise.resolve());
    await server.close();
  }));

Deno.test("a refusal is the daemon's own message; no daemon is told apart", () =>
  withFolder(async (folder) => {
    const path = `${folder}/a.sock`;
    const server = await LocalServer.listen(path, 0o600, (_request, response) => {
      sendJson(response, 409, { message: "a run is under way" });
      return Promise.resolve();
    });
    const call = { method: "POST", path: "/run", body: {} } as const;
    await assert.rejects(
      callDaemon(path, call, () => {}),
      /^DaemonRefusedError: a run is under way$/,
    );
    await server.close();
    await assert.rejects(callDaemon(path, call, () => {}), DaemonUnreachableError);
  }));

Deno.test("a run of 20,000 changed resources is told to whoever asked for it, to the end", () =>
  withFolder(async (folder) => {
    const path = `${folder}/control.sock`;
    const queue = new WakeQueue();
    const server = await LocalServer.listen(
      path,
      0o600,
      createControlApi({ queue, cleanUp: () => Promise.resolve(null) }),
    );
    try {
      const resources = Array.from({ length: 20_000 }, (_, index) => ({
        id: `file:/etc/a/rather/long/path/to/some/file/${index}`,
        crate: "base",
        outcome: "updated" as const,
        diff: "é\n".repeat(100),
        durationMs: 1,
      }));
      const events: RunEvent[] = [];
      const call = { method: "POST", path: "/run", body: { dryRun: true } } as const;
      const answered = callDaemon(path, call, (line) => events.push(JSON.parse(line)));
      const wake = await eventually("the run is asked for", () => Promise.resolve(queue.next()));
      for (const resource of resources) wake.onResource?.(resource);
      const report = buildRunReport(
        {
          startedAtMs: 5,
          durationMs: 1,
          dryRun: true,
          resources,
          pendingNotifications: [],
          filled: new Map(),
          unwanted: new Set(),
        },
        {
          runId: crypto.randomUUID(),
          policyVersion: "v1",
          root: "0".repeat(64),
          trigger: "manual",
        },
      );
      wake.onDone?.({ report, renewCertificate: false, suspectedClone: false });
      await answered;
      assert.equal(events.length, resources.length + 1);
      const last = events.at(-1);
      assert.equal(last?.kind === "done" && last.report?.counts.updated, resources.length);
    } finally {
      await server.close();
    }
  }));

Deno.test("an answer without end is refused with what to do about it", () =>
  withFolder(async (folder) => {
    const path = `${folder}/a.sock`;
    const server = await LocalServer.listen(path, 0o600, (_request, response) => {
      response.write("x".repeat(4 * 1024 * 1024));
      return Promise.resolve();
    });
    try {
      const asked = explain(callDaemon(path, { method: "GET", path: "/" }, () => {}));
      await assert.rejects(
        asked,
        (error) => error instanceof UserError && /too long/.test(error.message),
      );
    } finally {
      await server.close();
    }
  }));

Deno.test("a daemon that ends in the middle of an answer is told apart from a bug", () =>
  withFolder(async (folder) => {
    const path = `${folder}/a.sock`;
    const server = await LocalServer.listen(path, 0o600, (_request, response) => {
      response.write("first\n");
      return Promise.resolve();
    });
    const ended = callDaemon(path, { method: "GET", path: "/" }, () => void server.close());
    await assert.rejects(ended, DaemonUnreachableError);
  }));

Deno.test("a socket has its mode and leaves nothing beside it, whatever a killed start left", () =>
  withFolder(async (folder) => {
    const path = `${folder}/a.sock`;
    // What kill -9 leaves in the middle of a start.
    await Deno.mkdir(`${path}.new`);
    await Deno.writeTextFile(`${path}.new/s`, "");
    const server = await LocalServer.listen(path, 0o600, () => Promise.resolve());
    try {
      assert.equal(await modeOf(path), 0o600);
      assert.deepEqual(await readdir(folder), ["a.sock"]);
    } finally {
      await server.close();
    }
    assert.deepEqual(await readdir(folder), []);
  }));

Deno.test("callers that send nothing, or not all, are cut off and others get in; a long answer is not cut", () =>
  withFolder(async (folder) => {
    const path = `${folder}/a.sock`;
    const cut = Promise.withResolvers<void>();
    const lines: string[] = [];
    const server = await LocalServer.listen(path, 0o600, async (request, response) => {
      if (request.url === "/long") {
        response.write("begin\n");
        await cut.promise;
      }
      response.end("done\n");
    }, { requestTimeoutMs: 50, timeoutCheckMs: 10 });
    try {
      // A machine under load may be too slow itself for such a limit: who asks honestly asks again.
      const begun = Promise.withResolvers<void>();
      const long = eventually("a long answer begins", async () => {
        await callDaemon(path, { method: "GET", path: "/long" }, (line) => {
          lines.push(line);
          begun.resolve();
        });
        return true;
      });
      await Promise.race([begun.promise, long]);
      let open = 0;
      for (let index = 0; index < 63; index += 1) {
        const socket = connect(path, () => void (index % 2 && socket.write("GET / HTTP/1.1\r\n")));
        socket.on("error", () => {}).resume();
        socket.once("close", () => void (open -= 1));
        open += 1;
      }
      await eventually("they are cut off", () => Promise.resolve(open === 0));
      await eventually("others get in", async () => {
        await callDaemon(path, { method: "GET", path: "/" }, (line) => lines.push(line));
        return true;
      });
      cut.resolve();
      await long;
      assert.deepEqual(lines, ["begin", "done", "done"]);
    } finally {
      await server.close();
    }
  }));
