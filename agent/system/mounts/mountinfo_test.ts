import assert from "node:assert/strict";
import { findMounted } from "./mountinfo.ts";

const TABLE = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
40 22 0:35 / /srv/a\\040b rw,nosuid - tmpfs none rw,size=64k
41 22 8:1 /home /srv/bind ro,relatime shared:1 master:2 - ext4 /dev/sda1 rw
42 40 0:36 / /srv/a\\040b rw,noexec - tmpfs over rw,size=2048k,mode=750
`;

Deno.test("of several mounts at one place the last one is seen", () => {
  assert.deepEqual(findMounted(TABLE, "/srv/a b"), {
    device: "over",
    fstype: "tmpfs",
    options: ["rw", "noexec"],
    superOptions: ["rw", "size=2048k", "mode=750"],
  });
});

Deno.test("optional fields do not shift the others", () => {
  assert.equal(findMounted(TABLE, "/srv/bind")?.device, "/dev/sda1");
  assert.deepEqual(findMounted(TABLE, "/srv/bind")?.options, ["ro", "relatime"]);
});

Deno.test("a folder below a mount is no mount", () => {
  assert.equal(findMounted(TABLE, "/srv"), undefined);
  assert.equal(findMounted("", "/"), undefined);
});
