import { file } from "../../../agent/resources/file.ts";
import { resourceContract } from "../resource_contract.ts";

export const fileContract = resourceContract(file, {
  bad: [
    { params: {}, names: "path" },
    { params: { path: "/a", mode: 644 }, names: "mode" },
    { params: { path: "/a", content: "", source: "/b" }, names: "source" },
    { params: { path: "/a", content: "", validate: "visudo -c" }, names: "validate" },
    { params: { path: "/a", ensure: "absent", mode: "0644" }, names: "mode" },
    { params: { path: "/a", ensure: "gone" }, names: "ensure" },
  ],
  unknown: [
    {
      title: "a folder where a file should be",
      prepare: (machine) => Promise.resolve({ path: machine.root.join("etc"), content: "" }),
      reason: /is a folder, not a file/,
    },
    {
      title: "an owner that does not exist",
      prepare: (machine) =>
        Promise.resolve({ path: machine.root.join("x"), content: "", owner: "nobody2" }),
      reason: /there is no user "nobody2"/,
    },
  ],
  cases: [
    {
      title: "a missing file",
      prepare: (machine) =>
        Promise.resolve({ path: machine.root.join("motd"), content: "hello\n" }),
      tamper: (machine) => Deno.writeTextFile(machine.root.join("motd"), "HELLO\n"),
    },
    {
      title: "a file with other content and mode",
      prepare: async (machine) => {
        await Deno.writeTextFile(machine.root.join("motd"), "old\n");
        return { path: machine.root.join("motd"), content: "hello\n", mode: "0600" };
      },
      tamper: (machine) => Deno.chmod(machine.root.join("motd"), 0o666),
    },
    {
      title: "a missing file without content",
      prepare: (machine) => Promise.resolve({ path: machine.root.join("empty") }),
      tamper: (machine) => Deno.remove(machine.root.join("empty")),
    },
    {
      title: "a file from a source on the machine",
      prepare: async (machine) => {
        await Deno.writeTextFile(machine.root.join("source"), "from here\n");
        return { path: machine.root.join("copy"), source: machine.root.join("source") };
      },
      tamper: (machine) => Deno.writeTextFile(machine.root.join("source"), "from there\n"),
    },
    {
      title: "a file to be removed",
      prepare: async (machine) => {
        await Deno.writeTextFile(machine.root.join("motd"), "old\n");
        return { path: machine.root.join("motd"), ensure: "absent" };
      },
      tamper: (machine) => Deno.writeTextFile(machine.root.join("motd"), "back\n"),
    },
    {
      title: "a symbolic link planted in its place",
      prepare: async (machine) => {
        await Deno.writeTextFile(machine.root.join("victim"), "precious\n");
        await Deno.symlink(machine.root.join("victim"), machine.root.join("motd"));
        return { path: machine.root.join("motd"), content: "hello\n" };
      },
    },
  ],
});
