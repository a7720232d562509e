import assert from "node:assert/strict";
import { taskCancel, taskList } from "../../shared/rest/tasks.ts";
import { createApiClient } from "./api_client.ts";
import { InterruptedCallError, UnreachableError } from "./api_error.ts";

/** A server that takes every request and answers none. */
function silentServer() {
  const held: Deno.Conn[] = [];
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = (async () => {
    for await (const connection of listener) held.push(connection);
  })();
  return {
    baseUrl: `http://127.0.0.1:${listener.addr.port}`,
    /** Resolves when somebody has connected. */
    async connected(): Promise<void> {
      while (held.length === 0) await new Promise((done) => setTimeout(done, 1));
    },
    cut: () => held.forEach((connection) => connection.close()),
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      for (const connection of held) {
        try {
          connection.close();
        } catch (error) {
          if (!(error instanceof Deno.errors.BadResource)) throw error;
        }
      }
    },
  };
}

Deno.test("an interrupt ends a question to a server that does not answer", async () => {
  await using server = silentServer();
  const stop = new AbortController();
  using client = createApiClient({ baseUrl: server.baseUrl }, { interrupt: stop.signal });
  const answer = client.call(taskList);
  await server.connected();
  stop.abort();
  await assert.rejects(answer, { name: "AbortError" });
  // Nor does what is asked afterwards wait.
  await assert.rejects(client.call(taskList), { name: "AbortError" });
});

Deno.test("an interrupt waits a moment for the answer to what changes something, and then says so", async () => {
  await using server = silentServer();
  const stop = new AbortController();
  using client = createApiClient({ baseUrl: server.baseUrl }, {
    interrupt: stop.signal,
    outcomeMs: 10,
  });
  const answer = client.call(taskCancel, { params: { id: "t1" }, body: { operator: "" } });
  await server.connected();
  stop.abort();
  await assert.rejects(
    answer,
    (error) => error instanceof InterruptedCallError && error.exitCode === 130,
  );
});

Deno.test("within that moment the answer counts", async () => {
  await using server = silentServer();
  const stop = new AbortController();
  using client = createApiClient({ baseUrl: server.baseUrl }, { interrupt: stop.signal });
  const answer = client.call(taskCancel, { params: { id: "t1" }, body: { operator: "" } });
  await server.connected();
  stop.abort();
  server.cut();
  await assert.rejects(answer, UnreachableError);
});
