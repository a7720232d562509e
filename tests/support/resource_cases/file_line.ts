import assert from "node:assert/strict";
import { fileLine } from "../../../agent/resources/file_line.ts";
import { resourceContract } from "../resource_contract.ts";
import type { TemporaryMachine } from "../temporary_machine.ts";

const SSHD = "# server\n#Port 22\nPermitRootLogin yes\n";

async function writeConfig(machine: TemporaryMachine, text = SSHD): Promise<string> {
  const path = machine.root.join("sshd_config");
  await Deno.writeTextFile(path, text);
  return path;
}

export const fileLineContract = resourceContract(fileLine, {
  bad: [
    { params: { path: "/a", line: "two\nlines" }, names: "line" },
    { params: { path: "/a", line: "" }, names: "line" },
    { params: { path: "/a", line: "x", match: "(" }, names: "match" },
    { params: { path: "/a", line: "x", match: "^(a+)\\1$" }, names: "match" },
    { params: { path: "/a", line: "x", multiple: true }, names: "multiple" },
    {
      params: { path: "/a", line: "x", insert_after: "a", insert_before: "b" },
      names: "insert_before",
    },
    { params: { path: "/a", ensure: "absent" }, names: "line" },
    { params: { path: "/a", ensure: "absent", line: "x", create: true }, names: "create" },
  ],
  unknown: [
    {
      title: "a file that is missing",
      prepare: (machine) => Promise.resolve({ path: machine.root.join("none"), line: "x" }),
      reason: /there is no ".*none"; make it, or set create: true/,
    },
    {
      title: "several lines that match",
      prepare: async (machine) => ({
        path: await writeConfig(machine, "Port 1\nPort 2\n"),
        line: "Port 22",
        match: "^Port",
      }),
      reason: /2 lines match .* \(1, 2\); narrow it, or set multiple: true/,
    },
    {
      title: "a link where the file should be",
      prepare: async (machine) => {
        const path = await writeConfig(machine);
        await Deno.symlink(path, machine.root.join("link"));
        return { path: machine.root.join("link"), line: "x" };
      },
      reason: /is a symbolic link, not a file/,
    },
    {
      title: "a file that is no text",
      prepare: async (machine) => {
        const path = machine.root.join("binary");
        await Deno.writeFile(path, new Uint8Array([0xff, 0xfe, 0x41]));
        return { path, line: "x" };
      },
      reason: /is not UTF-8 text/,
    },
  ],
  cases: [
    {
      title: "a missing line",
      prepare: async (machine) => ({ path: await writeConfig(machine), line: "UseDNS no" }),
      tamper: (machine) => writeConfig(machine),
      verify: async (machine) =>
        assert.equal(
          await Deno.readTextFile(machine.root.join("sshd_config")),
          `${SSHD}UseDNS no\n`,
        ),
    },
    {
      title: "a line in the place of another, in a file with other line ends and mode",
      prepare: async (machine) => {
        const path = await writeConfig(machine, SSHD.replaceAll("\n", "\r\n"));
        await Deno.chmod(path, 0o600);
        return { path, line: "Port 2222", match: "^#?Port " };
      },
      tamper: (machine) => writeConfig(machine, SSHD.replaceAll("\n", "\r\n")),
      verify: async (machine) => {
        const path = machine.root.join("sshd_config");
        assert.match(await Deno.readTextFile(path), /^# server\r\nPort 2222\r\nPermit/);
        assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
      },
    },
    {
      title: "a line that is not to be there",
      prepare: async (machine) => ({
        path: await writeConfig(machine),
        ensure: "absent",
        match: "^PermitRootLogin",
      }),
      tamper: (machine) => writeConfig(machine),
    },
    {
      title: "a line in a file that is made for it",
      prepare: (machine) =>
        Promise.resolve({ path: machine.root.join("new"), line: "x", create: true }),
      tamper: (machine) => Deno.remove(machine.root.join("new")),
    },
  ],
});
