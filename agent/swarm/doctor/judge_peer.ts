import { formatDuration } from "../../../shared/terminal/duration.ts";
import {
  type DiagnosedPeer,
  type Diagnosis,
  HEARD_LATELY_MS,
  LISTENED_ENOUGH_MS,
} from "../diagnosis.ts";
import { describeOutcome } from "./describe_outcome.ts";
import { allow, type Finding, note, ok, problem } from "./finding.ts";

/** What came of a plain connection to somebody whom the engine does not know; `unnamed` if the name leads nowhere. */
export interface Trial {
  readonly outcome: "answered" | "refused" | "silent" | "unreachable" | "unnamed";
  readonly port: number;
}

/** What is in the way between this machine and the peer that was asked about. */
export function judgePeer(diagnosis: Diagnosis, trial: Trial | undefined): Finding[] {
  const { peer } = diagnosis;
  if (peer === null) return [];
  if (peer.isKnown) {
    return [judgeCall(peer), ...judgeReach(peer), ...judgeHearing(peer, diagnosis)];
  }
  if (isThisMachine(peer.asked, diagnosis)) {
    return [note(
      "own-name",
      `${peer.asked} is this machine itself; name another peer, as "vigo swarm peers list" does`,
    )];
  }
  return trial ? [judgeStranger(peer.asked, isLate(peer.heardAgoMs), trial)] : [];
}

/** Whether a name, or an address with or without a port, is this machine's own. */
function isThisMachine(asked: string, { hostname, interfaces }: Diagnosis): boolean {
  const name = asked.replace(/:\d{1,5}$/, "").toLowerCase();
  return name === hostname.toLowerCase() || interfaces.some(({ address }) => address === name);
}

function judgeCall({ hostname, address, port, source, ...peer }: DiagnosedPeer): Finding {
  const where = `${hostname} (${address}:${port}, found by ${source})`;
  switch (peer.knock.outcome) {
    case "answered":
      return ok("tcp-there", `${where} answers on TCP ${port}`);
    case "refused":
      return problem(
        "tcp-refused",
        `nobody listens at ${where}`,
        `see "vigo swarm status" on ${hostname}: its engine is off or has another port, or a firewall there rejects TCP ${port}`,
      );
    case "other":
      return problem(
        "tcp-other",
        `${peer.knock.detail} answers at ${address}:${port}, where ${hostname} was`,
        `see what address ${hostname} has now; it is found there when it announces itself or checks in`,
      );
    case "stranger":
      return problem(
        "tcp-stranger",
        `${where}: ${describeOutcome(peer.knock)}`,
        `see what holds TCP ${port} on ${hostname}, and whether its certificate is valid ("vigo status" there)`,
      );
    default:
      if (isLate(peer.heardAgoMs)) {
        return problem(
          "tcp-silent",
          `${where} does not answer on TCP ${port}: ${describeOutcome(peer.knock)}`,
          `see whether it is on and on the network; then ${allow("TCP", port, `on ${hostname}`)}`,
        );
      }
      return problem(
        "tcp-blocked",
        `announcements of ${where} are heard, but TCP ${port} does not answer: TCP ${port} is blocked between here and there`,
        allow("TCP", port, `on ${hostname}`),
      );
  }
}

function judgeReach({ hostname, knock, reach, reachProblem }: DiagnosedPeer): Finding[] {
  if (knock.outcome !== "answered") return [];
  if (!reach) {
    return [
      note("reach-unknown", `${hostname} did not say what it sees from there: ${reachProblem}`),
    ];
  }
  const { port } = reach;
  const here = `${reach.address}:${port}`;
  const asked = reach.askedAgoMs < 1000 ? "" : `, asked ${formatDuration(reach.askedAgoMs)} ago`;
  switch (reach.outcome) {
    case "answered":
      return [ok("tcp-here", `${hostname} reaches this machine at ${here}${asked}`)];
    case "other":
      return [problem(
        "tcp-here",
        `${hostname} sees calls of this machine come from ${reach.address}, where ${reach.detail} answers${asked}`,
        "set swarm.announce_address to where peers reach this machine, and forward its port to here",
      )];
    case "stranger":
      return [problem(
        "tcp-here",
        `${hostname} sees calls of this machine come from ${here}, and what answers it there is not this machine's swarm${asked}`,
        `see what holds TCP ${port} there, and whether a router translates addresses in between`,
      )];
    default:
      return [problem(
        "tcp-here",
        `${hostname} cannot open TCP ${port} of this machine at ${reach.address}: ${
          describeOutcome(reach)
        }${asked}`,
        allow("TCP", port, "into this machine"),
      )];
  }
}

function judgeHearing(peer: DiagnosedPeer, diagnosis: Diagnosis): Finding[] {
  const { hostname, isNear, heardAgoMs, knock, reach } = peer;
  const { udpPort, listeningMs, state } = diagnosis.multicast;
  if (!isNear) {
    return [note(
      "other-network",
      `${hostname} is on another network: announcements stay on theirs, and peers are found by ${
        ["hints of the server", "other peers", "peers.json"].join(", ")
      }`,
    )];
  }
  const findings: Finding[] = [];
  if (!isLate(heardAgoMs)) {
    findings.push(
      ok(
        "udp-there",
        `announcements of ${hostname} arrive, the last ${formatDuration(heardAgoMs ?? 0)} ago`,
      ),
    );
  } else if (knock.outcome === "answered" && state === "running") {
    findings.push(
      (listeningMs ?? 0) < LISTENED_ENOUGH_MS
        ? note(
          "udp-early",
          `no announcement of ${hostname} was heard yet; ask again in ${
            formatDuration(LISTENED_ENOUGH_MS)
          }`,
        )
        : problem(
          "udp-blocked",
          `TCP answers but no announcement of ${hostname} was heard: UDP ${udpPort} is blocked between here and there`,
          allow("UDP", udpPort, `on ${hostname}`),
        ),
    );
  }
  if (!reach || reach.listeningMs === null) return findings;
  if (!isLate(reach.heardAgoMs)) {
    findings.push(ok("udp-here", `announcements of this machine arrive at ${hostname}`));
  } else if (reach.listeningMs >= LISTENED_ENOUGH_MS) {
    findings.push(problem(
      "udp-unheard",
      `${hostname} has not heard an announcement of this machine: UDP ${udpPort} is blocked between here and there`,
      allow("UDP", udpPort, `on ${hostname}`),
    ));
  }
  return findings;
}

function judgeStranger(asked: string, isUnheard: boolean, { outcome, port }: Trial): Finding {
  if (outcome === "unnamed") {
    return problem(
      "unknown-peer",
      `no peer is known by the name ${asked}, and the name leads to no address`,
      'write it as "vigo swarm peers list" does, or give its address',
    );
  }
  if (!isUnheard && outcome !== "answered") {
    return problem(
      "tcp-blocked",
      `announcements of ${asked} are heard, but TCP ${port} does not answer: TCP ${port} is blocked between here and there`,
      allow("TCP", port, `on ${asked}`),
    );
  }
  switch (outcome) {
    case "answered":
      return problem(
        "unproven",
        `${asked} takes connections on TCP ${port}${
          isUnheard ? ", but no announcement was heard and" : " and is heard, but"
        } it has not proved yet that it is of this fleet`,
        isUnheard
          ? `see "vigo swarm status" there, and ${allow("UDP", port, "between the two")}`
          : 'wait a minute; then see "vigo status" there: its server and its certificate',
      );
    case "refused":
      return problem(
        "nobody-listens",
        `nobody listens at ${asked} on TCP ${port}: its swarm is off, or its agent does not run`,
        '"vigo swarm status" there says which; swarm.enabled of the server has to name it',
      );
    default:
      return problem(
        "silent",
        `${asked} does not answer on TCP ${port} and no announcement was heard`,
        `see whether it is on and on the network; then allow TCP and UDP ${port} there (the swarm-firewall example does)`,
      );
  }
}

function isLate(heardAgoMs: number | null): boolean {
  return heardAgoMs === null || heardAgoMs > HEARD_LATELY_MS;
}
