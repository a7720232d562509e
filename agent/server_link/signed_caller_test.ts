import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { requestBytes } from "../../shared/canonical/envoy_frames.ts";
import { generateEd25519, loadVerifier } from "../../shared/crypto/ed25519.ts";
import { sealDocument } from "../../shared/canonical/signed_document.ts";
import { type Refusal, Refusal_Reason, type SignedRequest } from "../../shared/proto/agent.ts";
import { fakeGateway } from "./fake_gateway.ts";
import { SignedCaller } from "./signed_caller.ts";

const UUID = crypto.randomUUID();
const envoy = generateEd25519().signer;
const server = generateEd25519().signer;

function refuse(reason: Refusal_Reason, serverTime?: Refusal["serverTime"]) {
  return {
    ok: false,
    failure: {
      message: "refused",
      clockSuspected: false,
      refusal: { reason, message: "refused", serverTime },
    },
  } as const;
}

function timeFor(request: SignedRequest, timeMs: number, signer = server): Refusal["serverTime"] {
  const sealed = sealDocument(
    "serverTime",
    { nonce: request.nonce.toString("hex"), timeMs },
    signer,
  );
  return { payload: Buffer.from(sealed.payload), signature: Buffer.from(sealed.signature) };
}

function makeCaller(answer: (request: SignedRequest, attempt: number) => unknown) {
  const requests: SignedRequest[] = [];
  const offsets: number[] = [];
  const gateway = fakeGateway({
    call: (_method, request) => {
      requests.push(request);
      // The tests below return outcomes; unknown keeps their literals short.
      return answer(request, requests.length) as ReturnType<typeof refuse>;
    },
  });
  const caller = new SignedCaller({
    gateway,
    envoyUuid: UUID,
    signer: envoy,
    serverVerifier: loadVerifier(server.publicKey),
    clockOffsetMs: 0,
    nowMs: () => 1_000_000,
    onClockOffset: (offsetMs) => offsets.push(offsetMs),
  });
  return { caller, requests, offsets };
}

const answered = { ok: true, value: Uint8Array.of(1) };
const body = Uint8Array.of(9);

Deno.test("a request is signed for its method, body, time and nonce", async () => {
  const { caller, requests } = makeCaller(() => answered);
  assert.ok((await caller.call("CheckIn", body)).ok);
  const [request] = requests;
  assert.ok(request);
  assert.equal(request.timestampMs, 1_000_000);
  assert.ok(loadVerifier(envoy.publicKey).verify(requestBytes(request), request.signature));
});

Deno.test("a clock refusal with the server's signed time corrects the clock and is tried again", async () => {
  const { caller, requests, offsets } = makeCaller((request, attempt) =>
    attempt === 1 ? refuse(Refusal_Reason.CLOCK, timeFor(request, 9_000_000)) : answered
  );
  assert.ok((await caller.call("CheckIn", body)).ok);
  assert.deepEqual(offsets, [8_000_000]);
  assert.equal(requests[1]?.timestampMs, 9_000_000);
});

Deno.test("a time that a stranger signed or that answers another nonce changes nothing", async () => {
  const stranger = generateEd25519().signer;
  for (
    const forge of [
      (request: SignedRequest) => timeFor(request, 9_000_000, stranger),
      (request: SignedRequest) => timeFor({ ...request, nonce: Buffer.alloc(16) }, 9_000_000),
      () => undefined,
    ]
  ) {
    const { caller, requests, offsets } = makeCaller((request) =>
      refuse(Refusal_Reason.CLOCK, forge(request))
    );
    assert.equal((await caller.call("CheckIn", body)).ok, false);
    assert.deepEqual(offsets, []);
    assert.equal(requests.length, 1);
  }
});

Deno.test("a request for a new nonce is answered with one, a bounded number of times", async () => {
  const { caller, requests } = makeCaller(() => refuse(Refusal_Reason.RETRY_NEW_NONCE));
  assert.equal((await caller.call("CheckIn", body)).ok, false);
  assert.equal(requests.length, 3);
  assert.equal(new Set(requests.map(({ nonce }) => nonce.toString("hex"))).size, 3);
});

Deno.test("a refusal that repeating cannot heal is not repeated", async () => {
  const { caller, requests } = makeCaller(() => refuse(Refusal_Reason.REVOKED));
  assert.equal((await caller.call("CheckIn", body)).ok, false);
  assert.equal(requests.length, 1);
});
