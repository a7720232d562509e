import assert from "node:assert/strict";
import { PasswordHasher, TooManyPasswordsError } from "./password_hash.ts";

/** As small as scrypt goes, for tests that ask about something else than its cost. */
const CHEAP = { ln: 4, r: 8, p: 1 };

Deno.test("a password fits its hash alone, and each hash has a salt of its own", async () => {
  const hasher = new PasswordHasher(CHEAP);
  const stored = await hasher.hash("correct horse battery");
  assert.match(stored, /^\$scrypt\$ln=4,r=8,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  assert.equal(await hasher.verify("correct horse battery", stored), true);
  for (const wrong of ["", "correct horse batterz", "Correct horse battery", stored]) {
    assert.equal(await hasher.verify(wrong, stored), false);
  }
  assert.notEqual(await hasher.hash("correct horse battery"), stored);
});

Deno.test("what is written in two ways and looks the same is the same password", async () => {
  const hasher = new PasswordHasher(CHEAP);
  const stored = await hasher.hash("caf\u00e9 caf\u00e9 caf\u00e9");
  assert.equal(await hasher.verify("cafe\u0301 cafe\u0301 cafe\u0301", stored), true);
});

Deno.test("a hash of another cost still checks, and says that it is out of date", async () => {
  const stored = await new PasswordHasher(CHEAP).hash("correct horse battery");
  const dearer = new PasswordHasher({ ...CHEAP, ln: 5 });
  assert.equal(await dearer.verify("correct horse battery", stored), true);
  assert.equal(dearer.isOutdated(stored), true);
  assert.equal(dearer.isOutdated(await dearer.hash("x")), false);
});

Deno.test("without a user no password fits", async () => {
  assert.equal(await new PasswordHasher(CHEAP).verify("anything", undefined), false);
});

Deno.test("a damaged hash is a mistake that is told without showing it", async () => {
  const hasher = new PasswordHasher(CHEAP);
  for (
    const stored of ["", "plain", "$scrypt$ln=40,r=8,p=1$c2FsdA$aGFzaA", "$scrypt$ln=4,r=8,p=1$$"]
  ) {
    await assert.rejects(
      hasher.verify("x", stored),
      (error) => error instanceof TypeError && (stored === "" || !error.message.includes(stored)),
    );
  }
});

Deno.test("passwords wait for their turn, and too many are turned away", async () => {
  const hasher = new PasswordHasher(CHEAP);
  const results = await Promise.allSettled(
    Array.from({ length: 80 }, () => hasher.verify("x", undefined)),
  );
  const refused = results.filter((one) => one.status === "rejected");
  assert.equal(refused.length, 80 - 64 - 2);
  assert.ok(refused.every(({ reason }) => reason instanceof TooManyPasswordsError));
  assert.equal(await hasher.verify("x", undefined), false);
});
