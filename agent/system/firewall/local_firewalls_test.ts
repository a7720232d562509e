import assert from "node:assert/strict";
import type { Entry } from "../files.ts";
import { LocalFiles } from "../local_files.ts";
import { FakeFirewalls } from "./fake_firewalls.ts";
import { LocalFirewalls } from "./local_firewalls.ts";

/** A machine that has these files, each with a content. */
class SomeFiles extends LocalFiles {
  constructor(private readonly contents: Readonly<Record<string, string>>) {
    super();
  }

  override inspect(path: string): Promise<Entry | undefined> {
    const text = this.contents[path];
    const attributes = { mode: 0o644, uid: 0, gid: 0 };
    return Promise.resolve(
      text === undefined
        ? undefined
        : { kind: "file", sizeBytes: text.length, stamp: "1", ...attributes },
    );
  }

  override read(path: string): Promise<Uint8Array> {
    return Promise.resolve(new TextEncoder().encode(this.contents[path]));
  }
}

const NFT = { "/usr/sbin/nft": "" };
const UFW = { ...NFT, "/usr/sbin/ufw": "", "/etc/ufw/ufw.conf": "# x\nENABLED=yes\n" };

for (
  const [title, files, wanted, expected] of [
    ["nftables is taken where it is", NFT, undefined, "nftables"],
    ["no firewall is a reason", {}, undefined, /no firewall is installed; add a package/],
    ["ufw that is in charge has no provider", UFW, undefined, /no firewall provider for ufw/],
    ["nftables beside ufw may be asked for", UFW, "nftables", "nftables"],
    [
      "ufw that is switched off does not count",
      { ...UFW, "/etc/ufw/ufw.conf": "ENABLED=no" },
      undefined,
      "nftables",
    ],
    [
      "firewalld that runs has no provider",
      { ...NFT, "/run/firewalld": "" },
      undefined,
      /no firewall provider for firewalld/,
    ],
    ["nftables that is missing is a reason", {}, "nftables", /nftables is not installed/],
    ["pf has no provider", NFT, "pf", /no firewall provider for pf/],
  ] as const
) {
  Deno.test(title, async () => {
    const firewalls = new LocalFirewalls(new SomeFiles(files), new FakeFirewalls());
    const choice = await firewalls.choose(wanted);
    if (typeof expected === "string") assert.equal(choice.ok && choice.provider.name, expected);
    else assert.match(choice.ok ? "" : choice.reason, expected);
  });
}
