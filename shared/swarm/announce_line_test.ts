import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type AnnounceLine,
  encodeAnnouncements,
  MAX_DATAGRAM_BYTES,
  parseAnnouncement,
  parseEndpoint,
} from "./announce_line.ts";

const SHA = "9f".repeat(32);
const PLAIN = { noNullPrototype: true };
const digest = fc.stringMatching(/^[0-9a-f]{64}$/);
const instance = fc.stringMatching(/^[0-9a-f]{16}$/);
const port = fc.integer({ min: 1, max: 65_535 });
const line: fc.Arbitrary<AnnounceLine> = fc.oneof(
  fc.record({ kind: fc.constant("addr" as const), address: fc.ipV4(), port }, PLAIN),
  fc.nat(4096).chain((total) =>
    fc.record({
      kind: fc.constant("have" as const),
      sha256: digest,
      have: fc.nat(total),
      total: fc.constant(total),
    }, PLAIN)
  ),
  fc.record({ kind: fc.constantFrom("want" as const, "revoke" as const), sha256: digest }, PLAIN),
  fc.record({ kind: fc.constant("manifest" as const), digest }, PLAIN),
);

Deno.test("an announcement is text that a packet dump shows", () => {
  const [datagram] = encodeAnnouncements({
    instance: "0123456789abcdef",
    lines: [
      { kind: "addr", address: "10.0.0.7", port: 1531 },
      { kind: "have", sha256: SHA, have: 3, total: 47 },
    ],
  }, 4);
  assert.equal(
    new TextDecoder().decode(datagram),
    `VIGO1 0123456789abcdef\nADDR 10.0.0.7:1531\nHAVE ${SHA} 3/47\n`,
  );
});

Deno.test("what was announced is what is read", () => {
  fc.assert(fc.property(instance, fc.array(line, { maxLength: 8 }), (instance, lines) => {
    const [datagram, ...more] = encodeAnnouncements({ instance, lines }, 1);
    assert.deepEqual(more, []);
    const read = parseAnnouncement(datagram ?? new Uint8Array());
    const isFirst = ({ kind }: AnnounceLine) => kind === "addr" || kind === "manifest";
    const expected = [...lines.filter(isFirst), ...lines.filter((one) => !isFirst(one))];
    assert.deepEqual(read, { instance, lines: expected });
  }));
});

Deno.test("many lines spread over datagrams that fit into a frame, no more than allowed", () => {
  const lines = Array.from({ length: 200 }, () => ({ kind: "want" as const, sha256: SHA }));
  const datagrams = encodeAnnouncements({ instance: "0".repeat(16), lines }, 4);
  assert.equal(datagrams.length, 4);
  for (const datagram of datagrams) {
    assert.ok(datagram.length <= MAX_DATAGRAM_BYTES);
    assert.ok(parseAnnouncement(datagram));
  }
});

Deno.test("no bytes make the parser throw, and what it accepts is within bounds", () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 1500 }),
    fc.string({ maxLength: 200 }).map((text) =>
      new TextEncoder().encode(`VIGO1 ${"0".repeat(16)}\n${text}\n`)
    ),
    fc.array(line, { maxLength: 5 }).chain((lines) => {
      const [datagram = new Uint8Array()] = encodeAnnouncements(
        { instance: "a".repeat(16), lines },
        1,
      );
      return fc.tuple(fc.nat(datagram.length - 1), fc.nat(255)).map(([at, byte]) => {
        const broken = datagram.slice();
        broken[at] = byte;
        return broken;
      });
    }),
  );
  fc.assert(fc.property(noise, (datagram) => {
    for (const one of parseAnnouncement(datagram)?.lines ?? []) {
      if (one.kind === "have") {
        assert.ok(one.have <= one.total && /^[0-9a-f]{64}$/.test(one.sha256));
      }
      if (one.kind === "addr") assert.ok(parseEndpoint(`${one.address}:${one.port}`));
    }
  }));
});

Deno.test("lines of a later version are passed over, malformed ones spoil the datagram", () => {
  const parse = (text: string) => parseAnnouncement(new TextEncoder().encode(text));
  const head = `VIGO1 ${"0".repeat(16)}\n`;
  assert.deepEqual(parse(`${head}COLOUR blue\nWANT ${SHA}\n`)?.lines, [{
    kind: "want",
    sha256: SHA,
  }]);
  assert.equal(parse(`${head}WANT ../../etc/passwd\n`), undefined);
  assert.equal(parse(`${head}HAVE ${SHA} 5/4\n`), undefined);
  assert.equal(parse(`${head}ADDR 10.0.0.256:1531\n`), undefined);
  assert.equal(parse(`${head}WANT ${SHA}`), undefined);
  assert.equal(parse("VIGO2 0\n"), undefined);
});
