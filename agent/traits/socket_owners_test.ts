import assert from "node:assert/strict";
import { fakeSystem } from "./fake_system.ts";
import { readSocketOwners } from "./socket_owners.ts";

const { signal } = new AbortController();
const SYSTEM = fakeSystem({
  folders: { "/proc": ["1", "2", "self"], "/proc/1/fd": ["3"], "/proc/2/fd": ["3", "4"] },
  links: {
    "/proc/1/fd/3": "socket:[10]",
    "/proc/2/fd/3": "pipe:[11]",
    "/proc/2/fd/4": "socket:[12]",
  },
  files: { "/proc/1/comm": "systemd\n", "/proc/2/comm": "sshd\n" },
});

Deno.test("a socket's program is the one whose open file it is", async () => {
  const owners = await readSocketOwners(SYSTEM, new Set(["10", "11", "12", "13"]), signal);
  assert.deepEqual([...owners], [["10", "systemd"], ["12", "sshd"]]);
});

Deno.test("processes that this user may not look into, and time that is over, leave owners unknown", async () => {
  const denied = {
    ...SYSTEM,
    list: (path: string) =>
      path === "/proc/1/fd"
        ? Promise.reject(Object.assign(new Error("permission denied"), { code: "EACCES" }))
        : SYSTEM.list(path),
  };
  const wanted = new Set(["10", "12"]);
  assert.deepEqual([...await readSocketOwners(denied, wanted, signal)], [["12", "sshd"]]);
  assert.deepEqual([...await readSocketOwners(SYSTEM, wanted, signal, 0)], []);
});

Deno.test("an open file whose path is too long to be told costs itself alone", async () => {
  const odd = {
    ...SYSTEM,
    readLink: (path: string) =>
      path === "/proc/2/fd/3"
        ? Promise.reject(Object.assign(new Error("name too long"), { code: "ENAMETOOLONG" }))
        : SYSTEM.readLink(path),
  };
  const owners = await readSocketOwners(odd, new Set(["10", "12"]), signal);
  assert.deepEqual([...owners], [["10", "systemd"], ["12", "sshd"]]);
});
