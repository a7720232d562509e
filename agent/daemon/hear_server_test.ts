import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { ServerMessage } from "../../shared/proto/agent.ts";
import { fakeLog } from "../runtime/fake_log.ts";
import { hearServer, type ServerAudience } from "./hear_server.ts";

const DOCUMENT = { payload: Buffer.from("{}"), signature: Buffer.alloc(64) };

function audience(takes: ServerAudience["held"]["takeEnvoy"]) {
  const did: string[] = [];
  const log = fakeLog();
  const held: ServerAudience["held"] = {
    takeFleet: () => ({ ok: false, reason: "a lower serial" }),
    takeEnvoy: takes,
  };
  const queue = { push: (force: boolean) => void did.push(`push ${force}`) };
  const engine = {
    update: () => void did.push("update"),
    sendEntries: (entries: readonly unknown[]) => void did.push(`${entries.length} entries`),
  };
  const tasks = {
    dispatch: () => void did.push("dispatch"),
    cancel: () => void did.push("cancel"),
    noteStored: (taskId: string) => void did.push(`stored ${taskId}`),
  };
  const queues = {
    noteHeads: ({ heads }: { heads: readonly unknown[] }) => void did.push(`${heads.length} heads`),
  };
  const puddles = { noteDocuments: () => void did.push("look at puddles") };
  return { did, log, all: { held, queue, engine, tasks, queues, puddles, log } };
}

Deno.test("each part of a message reaches whom it concerns, and a refused document is told", () => {
  const { did, log, all } = audience(() => ({ ok: false, reason: "another envoy" }));
  const part = (fields: Partial<ServerMessage>) =>
    hearServer(ServerMessage.fromPartial(fields), all);
  part({ push: { reason: "publish", force: true } });
  part({ fleetDocument: DOCUMENT });
  part({ envoyDocument: DOCUMENT });
  part({ manifest: { entries: [Buffer.from("no JSON")] } });
  part({ taskDispatch: DOCUMENT });
  part({ taskCancel: DOCUMENT });
  part({ taskResultStored: { taskId: "t1" } });
  assert.deepEqual(did, [
    "push true",
    "update",
    "look at puddles",
    "update",
    "0 entries",
    "dispatch",
    "cancel",
    "stored t1",
  ]);
  assert.deepEqual(log.lines.slice(1, 3), [
    "error: fleet document refused: a lower serial",
    "error: envoy document refused: another envoy",
  ]);
  assert.match(log.lines[3] ?? "", /^warn: a manifest entry of the server cannot be read/);
});

Deno.test("a full disk costs the message and not the stream; a defect is not hidden", () => {
  const full = audience(() => {
    throw Object.assign(new Error("disk is full"), { errcode: 13 });
  });
  hearServer(ServerMessage.fromPartial({ envoyDocument: DOCUMENT }), full.all);
  assert.match(full.log.lines[0] ?? "", /^error: cannot store what the server sent/);
  const broken = audience(() => {
    throw new TypeError("a defect");
  });
  assert.throws(
    () => hearServer(ServerMessage.fromPartial({ envoyDocument: DOCUMENT }), broken.all),
    /a defect/,
  );
});
