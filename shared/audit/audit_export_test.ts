import assert from "node:assert/strict";
import fc from "fast-check";
import { generateEd25519 } from "../crypto/ed25519.ts";
import type { AuditRecord, SignedHead } from "../rest/audit.ts";
import { parseKeptHead } from "./audit_chain.ts";
import { AuditExportCheck, writeBeginning, writeEnd, writeRecords } from "./audit_export.ts";
import { signAuditHead } from "./audit_head.ts";
import { auditRecordHash, GENESIS_HASH } from "./audit_record_hash.ts";

const { signer } = generateEd25519();
const KEY = signer.publicKey.toHex();

function chainOf(count: number, host = "web"): AuditRecord[] {
  const records: AuditRecord[] = [];
  for (let seq = 1; seq <= count; seq += 1) {
    const content = {
      seq,
      atMs: 1_700_000_000_000 + seq,
      principal: "local-root",
      action: "envoy.revoke",
      payload: { host: `${host}-${seq}` },
      prevHash: records.at(-1)?.hash ?? GENESIS_HASH,
    };
    records.push({ ...content, hash: auditRecordHash(content) });
  }
  return records;
}

function headOf({ seq, hash }: AuditRecord): SignedHead {
  const { payload, signature } = signAuditHead({ seq, hash, atMs: 1 }, signer);
  return { seq, payload: payload.toBase64(), signature: signature.toBase64() };
}

/** The lines of an export of five records, of which the third and the last were signed. */
function someExport(records = chainOf(5)): string[] {
  const heads = records.filter(({ seq }) => seq === 3 || seq === 5).map(headOf);
  const text = writeBeginning(KEY) + writeRecords(records, heads) + writeEnd(records.length);
  return text.split("\n").slice(0, -1);
}

function check(lines: readonly string[], expected: { key?: string; head?: string } = {}) {
  const { key, head: text } = expected;
  const head = text === undefined ? undefined : parseKeptHead(text);
  const checking = new AuditExportCheck({
    ...(key === undefined ? {} : { key }),
    ...(head === undefined ? {} : { head }),
  });
  for (const line of lines) checking.add(line);
  const { intact, records, brokenAt, reason } = checking.verdict();
  return intact ? `intact: ${records}` : `${brokenAt}: ${reason}`;
}

/** The lines without those that hold `what`. */
const without = (lines: readonly string[], what: string) =>
  lines.filter((line) => !line.includes(what));

Deno.test("an export checks without the server, with the key and a head that somebody kept", () => {
  const lines = someExport();
  assert.equal(lines.length, 1 + 5 + 2 + 1);
  assert.equal(check(lines), "intact: 5");
  assert.equal(check(lines, { key: KEY }), "intact: 5");
  const [, second] = chainOf(5);
  assert.equal(check(lines, { head: second?.hash ?? "" }), "intact: 5");
  assert.equal(check(lines, { head: `2:${second?.hash}` }), "intact: 5");
  assert.match(check(lines, { head: `3:${second?.hash}` }), /^3: record 3 is not the one .* kept/);
  assert.equal(check(someExport([])), "intact: 0");
});

Deno.test("the first record that was changed, taken out, moved or cut off is named", () => {
  const lines = someExport();
  const changed = lines.map((line) => line.replace("web-2", "web-9"));
  assert.equal(check(changed), "2: record 2 was changed");
  assert.equal(check(without(lines, "web-2")), "2: record 2 is missing");
  const swapped = [...lines];
  [swapped[1], swapped[2]] = [swapped[2] ?? "", swapped[1] ?? ""];
  assert.equal(check(swapped), "1: record 1 is missing");
  assert.equal(check(lines.slice(0, 3)), "3: the export was cut off before record 3");
  assert.equal(check(without(lines, "web-5")), "5: the chain was cut: record 5 was its head once");
  const quietly = without(without(lines, "web-5"), '"seq":5');
  assert.equal(check(quietly), "5: record 5 is missing from the export");
  assert.equal(check([...lines, lines[1] ?? ""]), "6: the export goes on after its end");
  const fewer = lines.map((line) => line.replace('"records":5', '"records":2'));
  assert.equal(check(fewer), "3: the export has more than the 2 records of its end");
  assert.equal(
    check(lines.map((line) => line.includes("web-4") ? "{" : line)),
    "4: record 4 cannot be read",
  );
});

Deno.test("a chain that was rebuilt with right hashes does not fit what was signed", () => {
  const forged = chainOf(5, "evil");
  const heads = chainOf(5).filter(({ seq }) => seq === 3).map(headOf);
  const text = writeBeginning(KEY) + writeRecords(forged, heads) + writeEnd(5);
  assert.equal(
    check(text.split("\n").slice(0, -1)),
    "3: record 3 is not the one whose hash was signed",
  );
});

Deno.test("an export that another key signed is told, whatever key it names itself", () => {
  const stranger = generateEd25519().signer.publicKey.toHex();
  const lines = someExport();
  assert.match(check(lines, { key: stranger }), /^null: the export is signed with another key/);
  const renamed = lines.map((line) => line.replace(KEY, stranger));
  assert.match(check(renamed), /^3: the signed head of record 3 is not by this server/);
});

Deno.test("what is no export at all is told in one line", () => {
  for (
    const lines of [[], [""], ["{}"], ["[1]"], ['{"vigoAuditExport":2}'], ["x".repeat(200_000)]]
  ) {
    assert.match(check(lines), /^null: this is no export of an audit chain$/);
  }
  assert.match(
    check([writeBeginning("01" + "00".repeat(31)), writeEnd(0)]),
    /^null: the key of the export is none that can sign/,
  );
});

Deno.test("a kept head is a hash, with or without the number of its record", () => {
  const hash = "ab".repeat(32);
  assert.deepEqual(parseKeptHead(hash), { hash });
  assert.deepEqual(parseKeptHead(`12:${hash.toUpperCase()}\n`), { seq: 12, hash });
  for (const text of ["", "ab", `0:${hash}`, `${hash}0`, `-1:${hash}`, `12:${hash}:1`]) {
    assert.equal(parseKeptHead(text), undefined, text);
  }
});

Deno.test("whatever sign of an export is changed, it is found and told", () => {
  const text = someExport().join("\n");
  fc.assert(fc.property(
    fc.nat(text.length - 1),
    fc.constantFrom("0", "9", "a", '"', "{", "-", "\\", "\n", " ", "e"),
    (at, sign) => {
      const changed = text.slice(0, at) + sign + text.slice(at + 1);
      const outcome = check(changed.split("\n"), { key: KEY });
      // A space more in JSON, or the same sign again, is no change.
      const isSame = JSON.stringify(values(changed)) === JSON.stringify(values(text));
      assert.equal(outcome === "intact: 5", isSame, changed.slice(at - 20, at + 20));
    },
  ));
  for (const [from, to] of [['"atMs":17', '"atMs":-17'], ["local-root", "\\ud800"]]) {
    const lines = someExport().map((line) => line.replace(from ?? "", to ?? ""));
    assert.equal(check(lines), "1: record 1 was changed");
  }
});

/** What the lines hold; a text for one that is no JSON. */
function values(text: string): unknown[] {
  return text.split("\n").map((line) => {
    try {
      return JSON.parse(line);
    } catch {
      return line;
    }
  });
}
