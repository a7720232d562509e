import { isIPv6 } from "node:net";
import type { HostParams } from "../../../shared/config/resources/host.ts";
import {
  type Edited,
  joinLines,
  type Line,
  removeLines,
  replaceLines,
  splitLines,
} from "./text_lines.ts";

/**
 * Sees to it that a name has one line of hosts(5) with an address, or none. A name may have an address of each family;
 * lines in which it is not the first name are not looked at.
 */
export function editHosts(text: string, params: HostParams): Edited {
  const lines = splitLines(text);
  const isOurs = (line: Line) => {
    const entry = readEntry(line.text);
    if (entry === undefined || entry.name.toLowerCase() !== params.name.toLowerCase()) return false;
    if (params.ensure === "absent") {
      return params.ip === undefined || isSameAddress(entry.ip, params.ip);
    }
    return isIPv6(entry.ip) === isIPv6(params.ip);
  };
  if (params.ensure === "absent") return { ok: true, text: joinLines(removeLines(lines, isOurs)) };
  const at = lines.findIndex(isOurs);
  const found = at === -1 ? undefined : readEntry(lines[at]?.text ?? "");
  const aliases = params.aliases ?? found?.aliases ?? [];
  if (found === undefined) {
    const added = [params.ip, [params.name, ...aliases].join(" ")].join("\t");
    return { ok: true, text: joinLines(replaceLines(lines, lines.length, 0, [added])) };
  }
  const isRight = isSameAddress(found.ip, params.ip) &&
    found.aliases.toSorted().join(" ") === aliases.toSorted().join(" ");
  const comment = found.comment === "" ? "" : ` ${found.comment}`;
  const wanted = `${params.ip}${found.gap}${[params.name, ...aliases].join(" ")}${comment}`;
  const once = removeLines(lines, (line, index) => index !== at && isOurs(line));
  return {
    ok: true,
    text: joinLines(
      once.map((line) => isOurs(line) && !isRight ? { ...line, text: wanted } : line),
    ),
  };
}

interface Entry {
  readonly ip: string;
  readonly name: string;
  readonly aliases: readonly string[];
  /** Between address and name. */
  readonly gap: string;
  readonly comment: string;
}

function readEntry(text: string): Entry | undefined {
  const [, ip, gap, names, comment = ""] = /^\s*([^\s#]+)(\s+)([^#]*?)\s*(#.*)?$/.exec(text) ?? [];
  const [name, ...aliases] = names?.split(/\s+/).filter((word) => word !== "") ?? [];
  if (ip === undefined || gap === undefined || name === undefined) return undefined;
  return { ip, name, aliases, gap, comment };
}

/** One address can be written in several ways only if it is IPv6. */
function isSameAddress(found: string, wanted: string): boolean {
  return found === wanted ||
    isIPv6(found) && isIPv6(wanted) && spelling(found) === spelling(wanted);
}

/** The shortest spelling (RFC 5952), by way of a URL; a zone is compared as it is. */
function spelling(address: string): string {
  const [number = "", zone = ""] = address.toLowerCase().split("%");
  return `${new URL(`http://[${number}]/`).hostname}%${zone}`;
}
