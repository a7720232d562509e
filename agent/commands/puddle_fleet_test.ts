import assert from "node:assert/strict";
import type { MeshPuddle } from "../../shared/rest/puddle.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { requireFreeName, requirePresentKey } from "./puddle_fleet.ts";

const OWN = "a".repeat(64), OTHER = "b".repeat(64), LATER = "c".repeat(64);

function puddle(changes: Partial<MeshPuddle> = {}): MeshPuddle {
  return {
    publicKey: OTHER,
    name: "mara",
    nameState: "claimed",
    members: [{
      hostname: "web-1",
      envoyUuid: "u",
      user: "mo",
      unlocked: false,
      pairPending: false,
      evicted: false,
    }],
    retiredKeys: [],
    successor: null,
    saidSuccessors: [],
    contested: false,
    ...changes,
  };
}

/** A daemon that answers so, or not at all. */
function daemon(answer: unknown) {
  const notices: string[] = [];
  const client = {
    get: () =>
      answer === "away" ? Promise.reject(new UserError("nobody")) : Promise.resolve(answer),
  };
  return { client, notices, notice: (text: string) => void notices.push(text) };
}

const one = (changes?: Partial<MeshPuddle>) => ({ kind: "one", puddle: puddle(changes) });

Deno.test("a name that another puddle claimed is refused before anything is signed, and whose it is named", async () => {
  const claim = (answer: unknown) => requireFreeName(daemon(answer), "mara", [OWN]);
  await assert.rejects(
    claim(one()),
    /puddle b{12} \(of mo on web-1\) has claimed it.*Choose another/,
  );
  await assert.rejects(claim({ kind: "several" }), /several puddles claim it already/);
});

Deno.test("a name that is free, or this puddle's own under any of its keys, is claimed", async () => {
  for (
    const answer of [
      { kind: "none" },
      one({ publicKey: OWN }),
      one({ publicKey: OTHER, successor: OWN }),
      // Found by the first digits of its key, which the name looks like.
      one({ name: null, nameState: "none" }),
    ]
  ) {
    const asked = daemon(answer);
    await requireFreeName(asked, "mara", [OWN]);
    assert.deepEqual(asked.notices, []);
  }
});

Deno.test("where nobody can be asked a claim goes on, and it is said what may follow", async () => {
  for (const answer of ["away", { kind: "unasked" }, { kind: "one", puddle: {} }, null]) {
    const asked = daemon(answer);
    await requireFreeName(asked, "mara", [OWN]);
    assert.match(asked.notices.join(), /could not be asked .* the name means neither/);
    await requirePresentKey(asked, OWN);
    assert.match(asked.notices.join(), /could not be asked whether this key was replaced/);
  }
});

Deno.test("a key that was replaced on another machine is not replaced again by mistake", async () => {
  await assert.rejects(
    requirePresentKey(daemon(one({ publicKey: OWN, successor: LATER })), OWN),
    new RegExp(`replaced by ${LATER} already. .*leave.* rekey --without-fleet`),
  );
  for (const answer of [{ kind: "none" }, one({ publicKey: OWN }), one({ contested: true })]) {
    const asked = daemon(answer);
    await requirePresentKey(asked, OWN);
    assert.deepEqual(asked.notices, []);
  }
});

Deno.test("a machine's mere word that a key was replaced warns, and keeps nobody from replacing it", async () => {
  const asked = daemon(one({ saidSuccessors: [{ publicKey: LATER, hostname: "thief" }] }));
  await requirePresentKey(asked, OWN);
  assert.match(asked.notices.join(), /thief says that this key was replaced by c{12}/);
});
