import type { Downloads } from "./downloads.ts";
import { FakeFirewalls } from "./firewall/fake_firewalls.ts";
import { freeBytes } from "./free_bytes.ts";
import type { HostProviders } from "./host_providers.ts";
import { FakeHostname } from "./hostname/fake_hostname.ts";
import { LocalDownloads } from "./local_downloads.ts";
import { FakeMountTable } from "./mounts/fake_mount_table.ts";
import { FakeProcessTable } from "./process_table/fake_process_table.ts";
import { FakeKernelParameters } from "./sysctl/fake_kernel_parameters.ts";

/** A machine in memory, whose tables of files lie below a folder of a test. */
export class FakeHostProviders implements HostProviders {
  readonly fakeHostname = new FakeHostname("old-name");
  readonly fakeParameters = new FakeKernelParameters();
  readonly fakeMounts: FakeMountTable;
  readonly fakeProcesses = new FakeProcessTable();
  readonly firewalls = new FakeFirewalls();
  /** Whether the agent's way to its server is over IPv6. */
  usesIpv6 = false;

  readonly zoneinfo: HostProviders["zoneinfo"];
  readonly hostname: HostProviders["hostname"];
  readonly kernelParameters: HostProviders["kernelParameters"];
  readonly mounts: HostProviders["mounts"];
  readonly processTable: HostProviders["processTable"];
  readonly managementLink = { usesIpv6: () => Promise.resolve(this.usesIpv6) };
  readonly downloads: Downloads = new LocalDownloads();
  /** Room of the disk in bytes, if it is not to be what it is. */
  room: number | undefined;
  readonly freeBytes = (path: string) =>
    this.room === undefined ? freeBytes(path) : Promise.resolve(this.room);
  readonly archiveFolder: string;

  /** @param root The folder that stands for `/`. */
  constructor(root: string) {
    this.fakeMounts = new FakeMountTable(`${root}/etc/fstab`);
    this.zoneinfo = { ok: true, provider: `${root}/usr/share/zoneinfo` };
    this.hostname = { ok: true, provider: this.fakeHostname };
    this.kernelParameters = { ok: true, provider: this.fakeParameters };
    this.mounts = { ok: true, provider: this.fakeMounts };
    this.processTable = { ok: true, provider: this.fakeProcesses };
    this.archiveFolder = `${root}/var/lib/vigo/archives`;
  }

  /** Everything that is in memory: two equal ones mean that nothing has changed. */
  fingerprint(): unknown {
    const { fakeHostname, fakeParameters, fakeMounts, fakeProcesses, firewalls } = this;
    return [
      fakeHostname.current,
      [...fakeParameters.values],
      [...fakeMounts.mounted],
      fakeProcesses.running,
      fakeProcesses.signals,
      firewalls.model,
      firewalls.isFlushed,
      [...firewalls.lost],
    ];
  }
}
