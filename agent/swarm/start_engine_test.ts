import assert from "node:assert/strict";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import type { EngineStart } from "./channel.ts";
import { startEngine } from "./start_engine.ts";

function startOptions(folder: string): EngineStart {
  return {
    kind: "start",
    folder,
    envoyUuid: "6f1c2d3e-4b5a-4c6d-8e7f-0a1b2c3d4e5f",
    hostname: "web-1",
    author: "a".repeat(64),
    serverKey: "b".repeat(64),
    identity: { certificate: "", privateKey: "" },
    ca: "",
    minFreePercent: 10,
  };
}

for (const rubbish of ["null", '{ kind: "progress" }', '{ kind: "links" }', "new Map()"]) {
  Deno.test(`an engine that says ${rubbish} has crashed, and says nothing more`, async () => {
    await using root = await TemporaryRoot.create();
    const script = `postMessage(${rubbish}); postMessage({ kind: "fatal", reason: "late" });`;
    const crashed = Promise.withResolvers<string>();
    const events: string[] = [];
    const engine = startEngine(
      startOptions(root.join("swarm")),
      { onEvent: ({ kind }) => void events.push(kind), onCrash: crashed.resolve },
      () =>
        new Worker(`data:text/javascript,${encodeURIComponent(script)}`, {
          type: "module",
          deno: { permissions: "none" },
        }),
    );
    assert.match(await crashed.promise, /sent what it never sends/);
    await engine.stop();
    assert.deepEqual(events, []);
  });
}
