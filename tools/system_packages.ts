/** Something of the operating system that tests start, and the Debian package that has it. */
export interface SystemNeed {
  /** Absolute path, or the name of a command. */
  readonly program: string;
  readonly package: string;
  /** What cannot be tested without it. */
  readonly purpose: string;
}

export const SYSTEM_NEEDS: readonly SystemNeed[] = [
  { program: "ip", package: "iproute2", purpose: "tests in network namespaces" },
  { program: "nsenter", package: "util-linux", purpose: "tests in throw-away machines" },
  { program: "/lib/systemd/systemd", package: "systemd", purpose: "tests in throw-away machines" },
  { program: "useradd", package: "passwd", purpose: "tests of users" },
  { program: "gpg", package: "gpg", purpose: "tests of signed package sources" },
  { program: "gpg-agent", package: "gpg-agent", purpose: "tests of signed package sources" },
  { program: "nft", package: "nftables", purpose: "tests of firewalls" },
  { program: "git", package: "git", purpose: "tests of checkouts" },
  { program: "pg_createcluster", package: "postgresql", purpose: "tests of PostgreSQL" },
  { program: "free", package: "procps", purpose: "tests of traits beside free and uptime" },
  { program: "ss", package: "iproute2", purpose: "tests of traits beside ss" },
];

/** Only the browser tests need it, and it is large. */
export const BROWSER_NEED: SystemNeed = {
  program: "chromium",
  package: "chromium",
  purpose: "browser tests",
};

/** Where administration programs live, which a user's PATH may lack. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"];

/** What looking for a file in a folder of PATH may meet; a folder that this user may not enter has nothing for them. */
const ABSENT = [Deno.errors.NotFound, Deno.errors.NotADirectory, Deno.errors.PermissionDenied];

/**
 * Installs what is missing of `needs` with apt if this is root on a machine that has apt; nothing that is there is
 * touched. Everything that will be skipped gets one line saying why; nothing here makes a test run fail.
 */
export async function installSystemPackages(
  needs: readonly SystemNeed[],
  say: (line: string) => void = (line) => console.log(line),
): Promise<void> {
  if (Deno.build.os !== "linux") {
    say("Skipped: tests in network namespaces and throw-away machines: they need Linux");
    return;
  }
  if (Deno.uid() !== 0) {
    say("Skipped: tests in network namespaces and throw-away machines: they need root");
  }
  const missing = await findMissing(needs);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((need) => need.package))];
  if (Deno.uid() === 0 && await isInstalled("apt-get")) {
    say(`Installing ${packages.join(", ")}`);
    await apt("update", "-q");
    await apt("install", "-q", "-y", "--no-install-recommends", ...packages);
  }
  for (const { purpose, program, package: name } of await findMissing(missing)) {
    say(`Skipped: ${purpose}: ${program} (package ${name}) is not installed`);
  }
}

/** Needs whose program is not here. */
export async function findMissing(needs: readonly SystemNeed[]): Promise<readonly SystemNeed[]> {
  const found = await Promise.all(needs.map(({ program }) => isInstalled(program)));
  return needs.filter((_, index) => !found[index]);
}

async function isInstalled(program: string): Promise<boolean> {
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), ...SYSTEM_FOLDERS];
  const paths = program.startsWith("/")
    ? [program]
    : folders.map((folder) => `${folder}/${program}`);
  for (const path of paths) {
    try {
      await Deno.stat(path);
      return true;
    } catch (error) {
      if (!ABSENT.some((kind) => error instanceof kind)) throw error;
    }
  }
  return false;
}

/** A failure is told by apt itself, and by the lines about what stays missing. */
async function apt(...args: string[]): Promise<void> {
  await new Deno.Command("apt-get", {
    args,
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "null",
  }).spawn().status;
}
