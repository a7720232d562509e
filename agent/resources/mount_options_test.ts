import assert from "node:assert/strict";
import { missingOptions } from "./mount_options.ts";

function missing(wanted: string, options: string, superOptions = "rw"): string {
  const mounted = {
    device: "x",
    fstype: "tmpfs",
    options: options.split(","),
    superOptions: superOptions.split(","),
  };
  return missingOptions(wanted.split(","), mounted).join(",");
}

for (
  const [wanted, options, superOptions, expected] of [
    ["defaults", "rw,relatime", "rw", ""],
    ["noexec,nosuid", "rw,nosuid", "rw", "noexec"],
    ["defaults", "rw,noexec", "rw", "exec"],
    ["user", "rw,noexec,nosuid,nodev", "rw", ""],
    ["user,exec", "rw,noexec,nosuid,nodev", "rw", "exec"],
    ["bind", "rw,nosuid,nodev", "rw", ""],
    ["bind,ro", "rw", "rw", "ro"],
    ["ro", "rw", "ro", ""],
    ["defaults", "ro", "ro", ""],
    ["rw", "ro", "rw", "rw"],
    ["noatime", "rw,relatime", "rw", "noatime"],
    ["size=64m", "rw", "rw,size=65536k", ""],
    ["size=64M", "rw", "rw,size=32768k", "size=64M"],
    ["size=50%", "rw", "rw,size=32768k", ""],
    ["mode=0750", "rw", "rw,mode=750", ""],
    ["uid=mara", "rw", "rw,uid=1000", ""],
    ["uid=1001", "rw", "rw,uid=1000", "uid=1001"],
    ["subvol=@home", "rw", "rw,subvol=/@home", ""],
    ["nofail,_netdev,x-systemd.automount,vers=4", "rw", "rw,vers=4.2", ""],
  ] as const
) {
  Deno.test(`${wanted} over ${options} (${superOptions}) lacks "${expected}"`, () => {
    assert.equal(missing(wanted, options, superOptions), expected);
  });
}
