import type { MeshPuddle, PuddleMember } from "../../shared/rest/puddle.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { renderTable } from "../../shared/terminal/table.ts";

/** Digits of a key where a whole one is too long. */
const SHORT = 12;
const LABEL_WIDTH = 12;

export function renderPuddles(puddles: readonly MeshPuddle[]): string {
  return renderTable(
    [
      { header: "PUDDLE" },
      { header: "NAME" },
      { header: "MACHINES", align: "right" },
      { header: "UNLOCKED", align: "right" },
      { header: "STATE" },
    ],
    puddles.map((puddle) => [
      puddle.publicKey.slice(0, SHORT),
      nameOf(puddle),
      String(puddle.members.length),
      String(puddle.members.filter(({ unlocked }) => unlocked).length),
      stateOf(puddle),
    ]),
  ).trimEnd();
}

export function renderPuddle(puddle: MeshPuddle): string {
  const facts = [
    ["Key", puddle.publicKey],
    ["Name", nameOf(puddle)],
    ["State", explainState(puddle)],
    ["Before it", puddle.retiredKeys.join(" ") || "no other key"],
  ].map(([label = "", value = ""]) => label.padEnd(LABEL_WIDTH) + value);
  const members = renderTable(
    [{ header: "HOSTNAME" }, { header: "USER" }, { header: "SESSION" }, { header: "NOTE" }],
    puddle.members.map((member) => [
      member.hostname,
      member.user,
      member.unlocked ? "unlocked" : "locked",
      noteOf(member, puddle),
    ]),
  );
  return [...facts, "", members.trimEnd()].join("\n");
}

function nameOf({ name, nameState }: MeshPuddle): string {
  if (name === null) return "-";
  return nameState === "contested" ? `${sanitize(name)} (contested)` : sanitize(name);
}

function stateOf({ contested, successor, saidSuccessors: [said] }: MeshPuddle): string {
  if (contested) return "contested: it named two successors";
  if (successor !== null) return `old, replaced by ${successor.slice(0, SHORT)}`;
  return said ? `old, says ${sanitize(said.hostname)}` : "current";
}

/** Which key speaks for the puddle, and why. */
function explainState({ contested, successor, saidSuccessors }: MeshPuddle): string {
  if (contested) return "contested: it named two successors, so neither is followed";
  if (successor !== null) {
    return `old: it signed that ${successor} took its place, which is current; what it signs since is refused`;
  }
  if (saidSuccessors.length === 0) return "current";
  const said = saidSuccessors.map(({ publicKey, hostname }) =>
    `${sanitize(hostname)} reports ${publicKey}`
  );
  return `old by the word of its machines alone, since nothing signed has come here: ${
    said.join(", ")
  }`;
}

function noteOf({ evicted, pairPending }: PuddleMember, { successor }: MeshPuddle): string {
  if (evicted) return "evicted; still there when it reported last";
  if (successor !== null) {
    return "old key when it reported last: its user leaves there and joins again";
  }
  return pairPending ? "offers to pair" : "";
}
