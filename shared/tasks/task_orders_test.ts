import assert from "node:assert/strict";
import { generateEd25519, loadVerifier } from "../crypto/ed25519.ts";
import { openDocument, sealDocument } from "../canonical/signed_document.ts";
import cancelVectors from "../canonical/vectors/task_cancel.json" with { type: "json" };
import dispatchVectors from "../canonical/vectors/task_dispatch.json" with { type: "json" };
import { MAX_COMMAND_BYTES } from "./task_limits.ts";
import { commandSchema, taskCancelSchema, taskDispatchSchema } from "./task_orders.ts";

/** The payload of a committed vector, and what was signed. */
function vectorOf({ key, vectors }: typeof dispatchVectors) {
  const [vector] = vectors;
  const payload = Uint8Array.fromHex(vector?.fields[0]?.value ?? "");
  const signature = Uint8Array.fromHex(vector?.signature ?? "");
  return { payload, signature, verifier: loadVerifier(Uint8Array.fromHex(key.public)) };
}

Deno.test("the committed orders open with the schemas of today", () => {
  const dispatch = vectorOf(dispatchVectors);
  const opened = openDocument("taskDispatch", dispatch, dispatch.verifier, taskDispatchSchema);
  assert.ok(opened.ok && opened.value.command.includes("café"));
  const cancel = vectorOf(cancelVectors);
  assert.ok(openDocument("taskCancel", cancel, cancel.verifier, taskCancelSchema).ok);
});

Deno.test("an order of one kind is none of the other", () => {
  const { payload, signature, verifier } = vectorOf(cancelVectors);
  assert.equal(
    openDocument("taskDispatch", { payload, signature }, verifier, taskDispatchSchema).ok,
    false,
  );
});

Deno.test("an altered command or another server's signature does not open", () => {
  const { payload, signature, verifier } = vectorOf(dispatchVectors);
  for (let at = 0; at < payload.length; at += 7) {
    const altered = payload.slice();
    altered[at] = (altered[at] ?? 0) ^ 1;
    const opened = openDocument(
      "taskDispatch",
      { payload: altered, signature },
      verifier,
      taskDispatchSchema,
    );
    assert.equal(opened.ok, false);
  }
  const stranger = generateEd25519().signer;
  const forged = sealDocument(
    "taskDispatch",
    JSON.parse(new TextDecoder().decode(payload)),
    stranger,
  );
  assert.equal(openDocument("taskDispatch", forged, verifier, taskDispatchSchema).ok, false);
});

Deno.test("a command is text that a shell gets whole", () => {
  for (const text of ["", "  \n", "a\0b", "\ud800", "x".repeat(MAX_COMMAND_BYTES + 1)]) {
    assert.equal(commandSchema.safeParse(text).success, false, JSON.stringify(text.slice(0, 9)));
  }
  assert.equal(commandSchema.safeParse("ü".repeat(MAX_COMMAND_BYTES / 2 + 1)).success, false);
  assert.equal(commandSchema.safeParse("x".repeat(MAX_COMMAND_BYTES)).success, true);
});
