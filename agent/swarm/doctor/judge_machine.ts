import { formatDuration } from "../../../shared/terminal/duration.ts";
import { type DiagnosedInterface, type Diagnosis, LISTENED_ENOUGH_MS } from "../diagnosis.ts";
import { allow, type Finding, note, ok, problem } from "./finding.ts";
import { describeOutcome } from "./describe_outcome.ts";

/** Sources named in one line. */
const MAX_NAMED = 6;

/** What stands in the way on this machine itself, whoever the peer is. */
export function judgeMachine(diagnosis: Diagnosis): Finding[] {
  const { interfaces, heardElsewhere, quiet } = diagnosis;
  const findings: Finding[] = [];
  if (quiet !== null) {
    findings.push(problem(
      "quiet",
      `nothing is seeded, served or gossiped: ${quiet}`,
      "let this machine reach the server; it waits for the server's manifest",
    ));
  }
  findings.push(...judgeAnnouncer(diagnosis));
  for (const one of interfaces) findings.push(...judgeInterface(one, diagnosis));
  if (heardElsewhere.length > 0) {
    findings.push(note(
      "heard-elsewhere",
      `heard from networks that this machine has no address on: ${listHeard(heardElsewhere)}`,
    ));
  }
  findings.push(...judgeAnnounced(diagnosis), judgePeers(diagnosis));
  return findings;
}

function judgeAnnouncer({ multicast, interfaces }: Diagnosis): Finding[] {
  if (multicast.state === "failed") {
    return [problem(
      "announcer-failed",
      `the multicast announcer cannot run: ${multicast.problem ?? "no reason was given"}`,
      announcerRemedy(multicast.problem ?? "", multicast.udpPort),
    )];
  }
  if (interfaces.length > 0) return [];
  return [problem(
    "no-interface",
    "no interface has an IPv4 address on a LAN, so nobody can be found by multicast",
    "bring one up; virtual ones (docker*, br-*, veth*, virbr*, tunnels) count only as swarm.listen_address",
  )];
}

function announcerRemedy(reason: string, udpPort: number): string {
  if (/in use|EADDRINUSE/i.test(reason)) {
    return `end the program that holds UDP ${udpPort}; "ss -lunp sport = :${udpPort}" names it`;
  }
  if (/too many open files|EMFILE/i.test(reason)) return "raise the daemon's limit of open files";
  return 'it is started again by itself; the log says why after "multicast announcer exited"';
}

function judgeInterface(one: DiagnosedInterface, diagnosis: Diagnosis): Finding[] {
  const { state, udpPort, listeningMs } = diagnosis.multicast;
  const where = `${one.name} (${one.address})`;
  // What failed as a whole has been told.
  if (state !== "running") return [];
  if (!one.joined) {
    return [problem(
      "not-joined",
      `${where} is passed over: ${one.problem ?? "it has not been joined"}`,
      `see "ip address show ${one.name}"; it is tried again every ten seconds`,
    )];
  }
  const findings: Finding[] = [];
  if (one.problem !== null) {
    findings.push(problem(
      "cannot-send",
      `announcements do not leave ${where}: ${one.problem}`,
      allow("UDP", udpPort, "out of this machine"),
    ));
  }
  const hasListened = listeningMs !== null && listeningMs >= LISTENED_ENOUGH_MS;
  const isDeaf = hasListened && one.problem === null && one.sentAgoMs !== null &&
    (one.returnedAgoMs === null || one.returnedAgoMs - one.sentAgoMs > LISTENED_ENOUGH_MS);
  if (isDeaf) {
    findings.push(problem(
      "not-returned",
      `announcements leave ${where} and do not come back: this machine drops incoming UDP ${udpPort}`,
      allow("UDP", udpPort, "into this machine"),
    ));
  }
  if (one.heardCount > 0) {
    const more = one.heardCount - Math.min(one.heard.length, MAX_NAMED);
    const others = more > 0 ? ` and ${more} more` : "";
    findings.push(ok("heard", `${where} heard ${listHeard(one.heard)}${others}`));
  }
  if (hasListened && !isDeaf && one.silent.length > 0) {
    const names = one.silent.map(({ hostname }) => hostname);
    findings.push(problem(
      "unheard",
      `no announcement of ${
        names.join(", ")
      } was heard on ${where}, though TCP answers: UDP ${udpPort} is blocked between here and there`,
      allow("UDP", udpPort, `on ${names.join(", ")}`),
    ));
  } else if (one.heardCount === 0 && findings.length === 0) {
    const since = listeningMs === null ? "" : ` in ${formatDuration(listeningMs)}`;
    findings.push(note("heard-nobody", `${where} heard nobody${since}`));
  }
  return findings;
}

function listHeard(heard: DiagnosedInterface["heard"]): string {
  return heard.slice(0, MAX_NAMED).map(({ hostname, address, agoMs }) =>
    `${hostname ?? address} ${formatDuration(agoMs)} ago`
  ).join(", ");
}

function judgeAnnounced({ announced }: Diagnosis): Finding[] {
  if (!announced) return [];
  const endpoint = `${announced.address}:${announced.port}`;
  if (announced.knock.outcome === "answered") {
    return [ok("announce-address", `swarm.announce_address ${endpoint} leads to this machine`)];
  }
  const what = announced.isOwn ? "is this machine's" : "is no address of this machine";
  const way = announced.isOwn ? "" : ", or have a router forward it to here";
  return [problem(
    "announce-address",
    `swarm.announce_address ${endpoint} ${what} and does not lead here: ${
      describeOutcome(announced.knock)
    }`,
    `correct it in /etc/vigo-envoy/config and restart the daemon${way}`,
  )];
}

function judgePeers({ peers, absent }: Diagnosis): Finding {
  const away = absent === 0 ? "" : `; ${absent} of before do not answer and are tried again`;
  const text = `${peers} ${peers === 1 ? "peer" : "peers"} proved who they are${away}`;
  return peers > 0 ? ok("peers", text) : note("peers", text);
}
