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
    ["State", stateOf(puddle)],
    ["Retired", puddle.retiredKeys.join(" ") || "none"],
  ].map(([label = "", value = ""]) => label.padEnd(LABEL_WIDTH) + value);
  const members = renderTable(
    [{ header: "HOSTNAME" }, { header: "USER" }, { header: "SESSION" }, { header: "NOTE" }],
    puddle.members.map((member) => [
      member.hostname,
      member.user,
      member.unlocked ? "unlocked" : "locked",
      noteOf(member),
    ]),
  );
  return [...facts, "", members.trimEnd()].join("\n");
}

function nameOf({ name, nameState }: MeshPuddle): string {
  if (name === null) return "-";
  return nameState === "contested" ? `${sanitize(name)} (contested)` : sanitize(name);
}

function stateOf({ contested, successor }: MeshPuddle): string {
  if (contested) return "contested: it named two successors";
  return successor === null ? "-" : `replaced by ${successor.slice(0, SHORT)}`;
}

function noteOf({ evicted, pairPending }: PuddleMember): string {
  if (evicted) return "evicted; still there when it reported last";
  return pairPending ? "offers to pair" : "";
}
