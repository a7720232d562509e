import assert from "node:assert/strict";
import { callDaemon, DaemonUnreachableError } from "./local_client.ts";
import { LocalServer, sendJson } from "./local_server.ts";

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ dir: "/tmp" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
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
      assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o666);
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

Deno.test("a refusal is the daemon's own message; no daemon is told apart", () =>
  withFolder(async (folder) => {
    const path = `${folder}/a.sock`;
    const server = await LocalServer.listen(path, 0o600, (_request, response) => {
      sendJson(response, 409, { message: "a run is under way" });
      return Promise.resolve();
    });
    const call = { method: "POST", path: "/run", body: {} } as const;
    await assert.rejects(callDaemon(path, call, () => {}), /^Error: a run is under way$/);
    await server.close();
    await assert.rejects(callDaemon(path, call, () => {}), DaemonUnreachableError);
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
