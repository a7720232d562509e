import { repository } from "../../../agent/resources/repository.ts";
import { APK_KEY, PACKAGE_KEY, PACKAGE_KEY_FINGERPRINT } from "../package_key.ts";
import { resourceContract } from "../resource_contract.ts";
import { makeSignedRepository } from "../signed_repository.ts";
import type { TemporaryMachine } from "../temporary_machine.ts";

const PARAMS = {
  name: "example",
  uris: "https://packages.example.com/debian",
  suites: "bookworm",
  components: ["main", "extra"],
};

function sourcePath(machine: TemporaryMachine): string {
  return machine.root.join("etc/apt/sources.list.d/example.sources");
}

export const repositoryContract = resourceContract(repository, {
  bad: [
    { params: { ...PARAMS, name: "../evil" }, names: "name" },
    { params: { ...PARAMS, uris: "https://me:secret@packages.example.com/" }, names: "uris" },
    { params: { ...PARAMS, uris: "https://packages.example.com/ x\nTrusted: yes" }, names: "uris" },
    { params: { ...PARAMS, suites: "bookworm\nTrusted: yes" }, names: "suites" },
    { params: { ...PARAMS, key: "AAAA" }, names: "key" },
    { params: { ...PARAMS, key: PACKAGE_KEY, key_file: "/a" }, names: "key_file" },
    { params: { ...PARAMS, key: PACKAGE_KEY, trusted: true }, names: "trusted" },
    { params: { ...PARAMS, key: PACKAGE_KEY, fingerprint: "A".repeat(40) }, names: "key" },
    { params: { ...PARAMS, fingerprint: PACKAGE_KEY_FINGERPRINT }, names: "fingerprint" },
    { params: { name: "example", ensure: "absent", uris: "https://x/" }, names: "uris" },
  ],
  unknown: [
    {
      title: "a source without what this package manager needs",
      prepare: () => Promise.resolve({ name: "example", uris: "https://packages.example.com/" }),
      reason: /apt needs suites/,
    },
    {
      title: "a key of another package manager",
      prepare: () => Promise.resolve({ ...PARAMS, key: APK_KEY }),
      reason: /apt needs a key like "-----BEGIN PGP/,
    },
    {
      title: "a key file that is not there",
      prepare: (machine) => Promise.resolve({ ...PARAMS, key_file: machine.root.join("ghost") }),
      reason: /key_file ".*ghost" is not a file on this machine/,
    },
    {
      title: "a key file with another key than the wanted one",
      prepare: async (machine) => {
        const path = machine.root.join("key.asc");
        await Deno.writeTextFile(path, PACKAGE_KEY);
        return { ...PARAMS, key_file: path, fingerprint: "A".repeat(40) };
      },
      reason: /has the fingerprint 0B9D.*, not AAAA/,
    },
    {
      title: "a link where the file of the source should be",
      prepare: async (machine) => {
        await Deno.mkdir(machine.root.join("etc/apt/sources.list.d"), { recursive: true });
        await Deno.symlink("/dev/null", sourcePath(machine));
        return PARAMS;
      },
      reason: /is a symbolic link, not a file/,
    },
  ],
  cases: [
    {
      title: "a new source with its key",
      prepare: () =>
        Promise.resolve({ ...PARAMS, key: PACKAGE_KEY, fingerprint: PACKAGE_KEY_FINGERPRINT }),
      tamper: (machine) => Deno.remove(machine.root.join("etc/apt/keyrings/example.asc")),
    },
    {
      title: "a source that nobody but its owner may read",
      prepare: async (machine) => {
        await Deno.mkdir(machine.root.join("etc/apt/sources.list.d"), { recursive: true });
        await Deno.writeTextFile(sourcePath(machine), "Types: deb\n", { mode: 0o600 });
        return { ...PARAMS, enabled: false };
      },
      tamper: (machine) => Deno.chmod(sourcePath(machine), 0o600),
    },
    {
      title: "a source whose key is now elsewhere",
      prepare: async (machine) => {
        const old = machine.root.join("etc/apt/keyrings/example.asc");
        await Deno.mkdir(machine.root.join("etc/apt/keyrings"), { recursive: true });
        await Deno.writeTextFile(old, PACKAGE_KEY);
        await Deno.writeTextFile(machine.root.join("key.asc"), PACKAGE_KEY);
        return { ...PARAMS, key_file: machine.root.join("key.asc") };
      },
    },
    {
      title: "a source to be removed with its key",
      prepare: async (machine) => {
        await Deno.mkdir(machine.root.join("etc/apt/keyrings"), { recursive: true });
        await Deno.writeTextFile(machine.root.join("etc/apt/keyrings/example.asc"), PACKAGE_KEY);
        return { name: "example", ensure: "absent" };
      },
      tamper: async (machine) => {
        await Deno.mkdir(machine.root.join("etc/apt/sources.list.d"), { recursive: true });
        await Deno.writeTextFile(sourcePath(machine), "Types: deb\n");
      },
    },
  ],
  realCases: [
    {
      title: "a source that is signed by its key",
      prepare: async (machine) => {
        const made = await makeSignedRepository("/srv/vigo-signed", [
          { name: "vigo-signed", version: "1.0" },
        ]);
        machine.observed.push(["apt-cache", "policy", "vigo-signed"]);
        return {
          name: "signed",
          uris: `file:${made.folder}`,
          suites: "./",
          key: made.key,
          fingerprint: made.fingerprint,
        };
      },
      tamper: (machine) =>
        machine.run("sh", "-c", "echo '# x' >> /etc/apt/sources.list.d/signed.sources"),
      verify: (machine) =>
        machine.run("sh", "-c", "apt-cache policy vigo-signed | grep -q 'Candidate: 1.0'"),
    },
  ],
});
