import { Buffer } from "node:buffer";
import { decodeEntries } from "../../../agent/engine_host/manifest_messages.ts";
import { readSettled } from "../../../agent/cycle/settled_resources.ts";
import { JsonSyntaxError, parseJson } from "../../../agent/resources/edits/parse_json.ts";
import { AgentConfigError, parseAgentConfig } from "../../../agent/store/agent_config.ts";
import { parseGroup, parsePasswd } from "../../../agent/system/account_tables.ts";
import { ArchiveError } from "../../../agent/system/archives/archive_entry.ts";
import { readTar } from "../../../agent/system/archives/tar_reader.ts";
import { readZip } from "../../../agent/system/archives/zip_reader.ts";
import { findMounted } from "../../../agent/system/mounts/mountinfo.ts";
import { parseApkInstalled, parseApkSimulation } from "../../../agent/system/packages/apk.ts";
import { parseAptPolicy, parseDpkgQuery } from "../../../agent/system/packages/apt_output.ts";
import { parseBrewVersions } from "../../../agent/system/packages/brew.ts";
import { parseRpmLines } from "../../../agent/system/packages/rpm_query.ts";
import { parseYumList } from "../../../agent/system/packages/yum.ts";
import { parseDisabled, parseLaunchdJob } from "../../../agent/system/services/launchd.ts";
import { parseRunlevels } from "../../../agent/system/services/openrc.ts";
import { parseOperatorTrait } from "../../../agent/traits/operator_trait.ts";
import { parsePlist } from "../../../agent/traits/parse_plist.ts";
import { envoyDocumentSchema } from "../../../shared/config/envoy_document.ts";
import { fleetDocumentSchema } from "../../../shared/config/fleet_document.ts";
import { policyBundleSchema } from "../../../shared/config/policy_bundle.ts";
import { writeZip } from "../../support/write_zip.ts";
import type { FuzzedParser } from "./fuzz_parser.ts";

const encoder = new TextEncoder();

const ENTRY = JSON.stringify({
  sha256: "1".repeat(64),
  sizeBytes: 1,
  chunkSizeBytes: 1024 * 1024,
  chunksDigest: "2".repeat(64),
  label: "firmware.bin",
  target: "web-*",
});

/** A header of ustar (POSIX.1-1988) with its content. */
function tarEntry(name: string, content: string, type = "0"): Uint8Array {
  const bytes = new Uint8Array(512 + Math.ceil(content.length / 512) * 512);
  const put = (at: number, text: string) => bytes.set(encoder.encode(text), at);
  put(0, name);
  put(100, "0000644\0");
  put(124, `${content.length.toString(8).padStart(11, "0")}\0`);
  put(148, "        ");
  put(156, type);
  put(257, "ustar\0" + "00");
  const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  put(512, content);
  return bytes;
}

const TAR = Buffer.concat([
  tarEntry("x/", "", "5"),
  tarEntry("x/a", "hello\n"),
  tarEntry("pax", "20 path=x/long-name\n", "x"),
  tarEntry("x/b", "b"),
  new Uint8Array(1024),
]);

/** Parsers of `agent/`. */
export const AGENT_PARSERS: readonly FuzzedParser[] = [
  {
    name: "tar",
    file: "agent/system/archives/tar_reader.ts",
    input: "bytes",
    samples: [new Uint8Array(TAR)],
    refusals: [ArchiveError],
    parse: async (bytes) => {
      for await (const { content } of readTar(inPieces(bytes))) {
        for await (const _piece of content);
      }
    },
  },
  {
    name: "ZIP",
    file: "agent/system/archives/zip_reader.ts",
    input: "bytes",
    samples: [
      new Uint8Array(writeZip([{ name: "a/", mode: 0o040755 }, { name: "a/b", content: "hello" }])),
      new Uint8Array(writeZip([{ name: "c", content: "x".repeat(200), deflated: true }], "note")),
    ],
    refusals: [ArchiveError],
    parse: async (bytes) => {
      const read = (offset: number, length: number) => bytes.subarray(offset, offset + length);
      for await (const { content } of readZip({ sizeBytes: bytes.length, read })) {
        for await (const _piece of content);
      }
    },
  },
  {
    name: "manifest entry",
    file: "agent/engine_host/manifest_messages.ts",
    input: "bytes",
    samples: [encoder.encode(ENTRY)],
    refusals: [],
    parse: (bytes) => decodeEntries([bytes]),
  },
  {
    name: "documents of the server",
    file: "shared/canonical/signed_document.ts",
    input: "text",
    samples: [
      '{"schema":1,"serial":7,"policyVersion":"v","root":"ab","resources":[{"id":"file:/a","type":"file","name":"/a","crate":"c","source":"c:1:1","dependsOn":[],"notify":[],"params":{"content":"x"},"deferred":[{"at":"/content","value":{"kind":"secret","path":"a/b"}}]}]}',
      '{"serial":1,"swarm":{"seeders":["a"]},"revoked":[],"blocked":{"topics":[],"keys":[]}}',
    ],
    refusals: [],
    parse: (text) => {
      const value = parseOrText(text);
      for (const schema of [policyBundleSchema, fleetDocumentSchema, envoyDocumentSchema]) {
        schema.safeParse(value);
      }
    },
  },
  {
    name: "settings of the agent",
    file: "agent/store/agent_config.ts",
    input: "text",
    samples: [
      "server: vigo.example.com:1530\nrest: https://vigo.example.com:8443\nswarm:\n  port: 1531\n",
    ],
    refusals: [AgentConfigError],
    parse: (text) => parseAgentConfig(text, "config"),
  },
  {
    name: "JSON that is edited",
    file: "agent/resources/edits/parse_json.ts",
    input: "text",
    samples: ['{"a": [1, -2.5e3, "x\\u0041"], "b": {"c": null, "c": true}}\n'],
    refusals: [JsonSyntaxError],
    parse: (text) => parseJson(text),
  },
  {
    name: "trait of an operator",
    file: "agent/traits/operator_trait.ts",
    input: "text",
    samples: ['{"rack": {"row": 7, "tags": ["a", "b"]}}', "[[[1]]]", '"text"'],
    refusals: [],
    parse: (text) => parseOperatorTrait(text, 64 * 1024),
  },
  {
    name: "property list",
    file: "agent/traits/parse_plist.ts",
    input: "text",
    samples: [
      '<?xml version="1.0"?><!DOCTYPE plist><plist version="1.0"><dict><key>a</key><array><integer>1</integer><true/><string>x &amp; y</string></array></dict></plist>',
    ],
    refusals: [],
    parse: (text) => parsePlist(text),
  },
  {
    name: "what an earlier run left",
    file: "agent/cycle/settled_resources.ts",
    input: "text",
    samples: [
      '{"root":"r","isWhole":true,"digests":{"file:/a":"ab"},"secretEpochs":{"file:/a":1}}',
    ],
    refusals: [],
    parse: (text) => readSettled(text),
  },
  {
    name: "accounts and mounts",
    file: "agent/system/account_tables.ts",
    input: "text",
    samples: [
      "root:x:0:0:root:/root:/bin/sh\nmara:x:1000:1000:Mara,,,:/home/mara:/bin/bash\n",
      "ops:x:50:mara,root\n",
      "36 35 98:0 / /mnt\\040x rw,noatime shared:1 - ext4 /dev/sda1 rw\n",
    ],
    refusals: [],
    parse: (text) => [parsePasswd(text), parseGroup(text), findMounted(text, "/mnt x")],
  },
  {
    name: "output of package managers",
    file: "agent/system/packages/apt_output.ts",
    input: "text",
    samples: [
      "nginx\tinstall ok installed\t1.24.0-2\n",
      "nginx:\n  Installed: 1.24\n  Candidate: 1.25\n  Version table:\n",
      "(1/2) Installing nginx (1.24.0-r15)\nOK: 9 MiB in 20 packages\n",
      "nginx.x86_64    1:1.24.0-4.el9    @appstream\n",
      '{"formulae":[{"name":"jq","versions":{"stable":"1.7"},"revision":1}],"casks":[]}',
    ],
    refusals: [],
    parse: (text) => [
      parseDpkgQuery(text),
      parseAptPolicy(text),
      parseApkInstalled(text, ["nginx"]),
      parseApkSimulation(text),
      parseRpmLines(text),
      parseYumList(text),
      parseBrewVersions(text, ["jq"]),
    ],
  },
  {
    name: "output of service managers",
    file: "agent/system/services/launchd.ts",
    input: "text",
    samples: [
      "system/com.example = {\n\tactive count = 1\n\tstate = running\n\tpid = 42\n}\n",
      '\tdisabled services = {\n\t\t"com.a" => true\n\t\t"com.b" => disabled\n\t}\n',
      "   sshd |      default\n   crond | boot default nonetwork\n",
    ],
    refusals: [],
    parse: (text) => [parseLaunchdJob(text), parseDisabled(text), parseRunlevels(text)],
  },
];

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 700) {
    await Promise.resolve();
    yield bytes.subarray(at, at + 700);
  }
}

function parseOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
