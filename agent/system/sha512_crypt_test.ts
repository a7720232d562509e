import assert from "node:assert/strict";
import fc from "fast-check";
import { hashPassword, isSha512Crypt, sha512Crypt, verifyPassword } from "./sha512_crypt.ts";

/** The specification's own tests: salt as given there, password, result. */
const DREPPER: readonly (readonly [number | undefined, string, string, string])[] = [
  [
    undefined,
    "saltstring",
    "Hello world!",
    "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
  ],
  [
    10000,
    "saltstringsaltstring",
    "Hello world!",
    "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.",
  ],
  [
    5000,
    "toolongsaltstring",
    "This is just a test",
    "$6$rounds=5000$toolongsaltstrin$lQ8jolhgVRVhY4b5pZKaysCLi0QBxGoNeKQzQ3glMhwllF7oGDZxUhx1yxdYcz/e1JSbq3y6JMxxl8audkUEm0",
  ],
  [
    1400,
    "anotherlongsaltstring",
    "a very much longer text to encrypt.  This one even stretches over morethan one line.",
    "$6$rounds=1400$anotherlongsalts$POfYwTEok97VWcjxIiSOjiykti.o/pQs.wPvMxQ6Fm7I6IoYN3CmLs66x9t0oSwbtEW7o7UmJEiDwGqd8p4ur1",
  ],
  [
    10,
    "roundstoolow",
    "the minimum number is still observed",
    "$6$rounds=1000$roundstoolow$kUMsbe306n21p9R.FRkW3IGn.S9NPN0x50YhH1xhLsPuWGsUSklZt58jaTfF4ZEQpyUNGc0dqbpBYYBaHHrsX.",
  ],
];

for (const [rounds, salt, password, expected] of DREPPER) {
  Deno.test(`"${password}" with salt ${salt} hashes as the specification says`, () => {
    assert.equal(sha512Crypt(password, salt, rounds), expected);
    assert.equal(verifyPassword(password, expected), true);
  });
}

Deno.test("a new hash has a salt of its own, verifies its password and no other", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 40, unit: "grapheme" }), (password) => {
      const hash = hashPassword(password);
      assert.ok(isSha512Crypt(hash));
      assert.notEqual(hashPassword(password), hash);
      assert.equal(verifyPassword(password, hash), true);
      assert.equal(verifyPassword(`${password}x`, hash), false);
    }),
    { numRuns: 5 },
  );
});

Deno.test("what is not a sha512-crypt hash verifies nothing", () => {
  for (
    const hash of [
      "",
      "!",
      "*",
      "$y$j9T$x$y",
      "$6$salt$short",
      "$6$rounds=999999999$s$" + "a".repeat(86),
    ]
  ) {
    assert.equal(verifyPassword("", hash), false);
  }
});
