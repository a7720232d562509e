import assert from "node:assert/strict";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { SOUND } from "../swarm/doctor/fake_diagnosis.ts";
import { createOpenApi, type OpenApi } from "./local_api.ts";
import { callDaemon } from "../local/local_client.ts";
import { LocalServer } from "../local/local_server.ts";

/** Asks the open socket of a daemon that answers as `diagnose` does. */
async function ask(diagnose: OpenApi["diagnose"], path: string, method: "GET" | "POST" = "GET") {
  await using root = await TemporaryRoot.create();
  const socket = root.join("agent.sock");
  const status = () => {
    throw new Error("nobody asked for the status");
  };
  const unasked = () => Promise.reject(new Error("nobody asked for queues"));
  const puddles = { answerLocal: () => Promise.reject(new Error("nobody asks")) };
  const queues = {
    limits: () => {
      throw new Error("nobody asked for limits");
    },
    follow: unasked,
    isEnrolled: unasked,
    notePosted: () => {},
    reader: { topics: unasked, head: unasked },
  };
  const server = await LocalServer.listen(
    socket,
    0o600,
    createOpenApi({ status, diagnose, queues, puddles }),
  );
  let text = "";
  try {
    await callDaemon(socket, { method, path }, (line) => {
      text += line;
    });
    return JSON.parse(text);
  } catch (error) {
    return error instanceof Error ? error.message : error;
  } finally {
    await server.close();
  }
}

Deno.test("anybody may ask how the way to a peer is, by a name of some length", async () => {
  const asked: (string | undefined)[] = [];
  const diagnose = (peer: string | undefined) => {
    asked.push(peer);
    return Promise.resolve(SOUND);
  };
  assert.deepEqual(await ask(diagnose, "/swarm/diagnosis?peer=db%2D1"), SOUND);
  assert.deepEqual(await ask(diagnose, "/swarm/diagnosis"), SOUND);
  assert.deepEqual(asked, ["db-1", undefined]);
  for (const name of ["", "x".repeat(256)]) {
    assert.match(await ask(diagnose, `/swarm/diagnosis?peer=${name}`), /^Cannot look for a peer/);
  }
  assert.match(await ask(diagnose, "/swarm/diagnosis", "POST"), /only GET/);
  assert.match(await ask(diagnose, "/swarm/other"), /nothing is known/);
  assert.equal(asked.length, 2);
});

Deno.test("without an engine there is nothing to tell, and too many askers are told to wait", async () => {
  assert.equal(await ask(() => Promise.resolve(null), "/swarm/diagnosis"), null);
  assert.match(await ask(() => Promise.resolve("busy"), "/swarm/diagnosis"), /Try again/);
});
