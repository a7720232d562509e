import assert from "node:assert/strict";
import { ApkProvider } from "./apk.ts";
import { BrewProvider } from "./brew.ts";
import { DnfProvider } from "./dnf.ts";
import type { PackageProvider } from "./package_provider.ts";
import { PacmanProvider } from "./pacman.ts";
import { aDayLaterEachTime, type PackageStage, playPackages } from "./play_packages.ts";
import { RecordedManager, type Recording } from "./recorded_manager.ts";
import { ZypperProvider } from "./zypper.ts";

const FOLDER = new URL("../../../tests/fixtures/packages/", import.meta.url);

const rest = () => Promise.resolve();
const STAGE: PackageStage = { setSource: rest, publishNewer: rest };

const TINY_NEW = { candidate: "2.0-1" };
const TINY_OLD = { installed: "1.0-1", candidate: "2.0-1" };
const TINY_NEWEST = { installed: "2.0-1", candidate: "2.0-1" };
const TWO_NEW = { held: false, candidate: "3:1.0-1" };
/** What rpm's relatives come to, whichever of them it is. */
const OF_RPM: Readonly<Record<string, unknown>> = {
  "at first": { "vigo-tiny": { held: false, ...TINY_NEW }, "vigo-two": TWO_NEW },
  "install an old version": "done",
  "with a newer one": { "vigo-tiny": { held: false, ...TINY_OLD }, "vigo-two": TWO_NEW },
  "with a newer one, by fresh lists": {
    "vigo-tiny": TINY_OLD,
    "vigo-two": { candidate: "3:1.0-1" },
  },
  hold: "done",
  held: { "vigo-tiny": { held: true, ...TINY_OLD }, "vigo-two": TWO_NEW },
  "install what is newest": "done",
  newest: { "vigo-tiny": { held: true, ...TINY_NEWEST }, "vigo-two": TWO_NEW },
  unhold: "done",
  "not held any more": { "vigo-tiny": { held: false, ...TINY_NEWEST }, "vigo-two": TWO_NEW },
  downgrade: "done",
  "old again": { "vigo-tiny": { held: false, ...TINY_OLD }, "vigo-two": TWO_NEW },
  "no such version": "failed",
  "no such package": "failed",
  "install two": "done",
  both: {
    "vigo-tiny": { held: false, ...TINY_NEWEST },
    "vigo-two": { held: false, installed: "3:1.0-1", candidate: "3:1.0-1" },
  },
  remove: "done",
  "in the end": { "vigo-tiny": { held: false, ...TINY_NEW }, "vigo-two": TWO_NEW },
  "ask for fresh lists without the source": "blocked",
  "install without the source": "blocked",
  "install with the source again": "done",
};

const PACMAN_OLD = { held: false, installed: "1.0-1", candidate: "1.0-1" };
const PACMAN_TWO = { held: false, candidate: "1:1.0-1" };
/** What is newer is seen once something is missing in the lists, and lists that are there serve without their source. */
const OF_PACMAN: Readonly<Record<string, unknown>> = {
  "at first": { "vigo-tiny": { held: false }, "vigo-two": { held: false } },
  "install an old version": "done",
  "with a newer one": { "vigo-tiny": PACMAN_OLD, "vigo-two": PACMAN_TWO },
  "with a newer one, by fresh lists": {
    "vigo-tiny": { installed: "1.0-1", candidate: "1.0-1" },
    "vigo-two": { candidate: "1:1.0-1" },
  },
  "install what is newest": "done",
  newest: { "vigo-tiny": PACMAN_OLD, "vigo-two": PACMAN_TWO },
  "no such package": "failed",
  "install two": "done",
  both: {
    "vigo-tiny": { held: false, ...TINY_NEWEST },
    "vigo-two": { held: false, installed: "1:1.0-1", candidate: "1:1.0-1" },
  },
  remove: "done",
  "in the end": { "vigo-tiny": { held: false, ...TINY_NEW }, "vigo-two": PACMAN_TWO },
  "install beside another manager": "blocked",
  "ask for fresh lists without the source": "done",
  "install without the source": "blocked",
  "install with the source again": "done",
};

const APK_NEW = { candidate: "2.0-r1" };
const APK_OLD = { installed: "1.0-r1", candidate: "2.0-r1" };
const APK_NEWEST = { installed: "2.0-r1", candidate: "2.0-r1" };
const APK_TWO = { candidate: "1.0-r1" };
const APK_BOTH = {
  "vigo-tiny": { held: false, ...APK_NEWEST },
  "vigo-two": { held: false, installed: "1.0-r1", candidate: "1.0-r1" },
};
/** What can be had is known once the lists have been fetched, and lists that are there serve without their source. */
const OF_APK: Readonly<Record<string, unknown>> = {
  "at first": { "vigo-tiny": { held: false }, "vigo-two": { held: false } },
  "install an old version": "done",
  "with a newer one": {
    "vigo-tiny": { held: false, ...APK_OLD },
    "vigo-two": { held: false, ...APK_TWO },
  },
  "with a newer one, by fresh lists": { "vigo-tiny": APK_OLD, "vigo-two": APK_TWO },
  hold: "done",
  held: { "vigo-tiny": { held: true, ...APK_OLD }, "vigo-two": { held: false, ...APK_TWO } },
  "install what is newest": "done",
  newest: { "vigo-tiny": { held: true, ...APK_NEWEST }, "vigo-two": { held: false, ...APK_TWO } },
  unhold: "done",
  "not held any more": {
    "vigo-tiny": { held: false, ...APK_NEWEST },
    "vigo-two": { held: false, ...APK_TWO },
  },
  downgrade: "done",
  "old again": {
    "vigo-tiny": { held: false, ...APK_OLD },
    "vigo-two": { held: false, ...APK_TWO },
  },
  "no such version": "failed",
  "no such package": "failed",
  "install two": "done",
  both: APK_BOTH,
  "install what needs another": "done",
  "remove what is needed": "failed",
  "with what is needed": APK_BOTH,
  "remove what needs another": "done",
  remove: "done",
  "by its tag": { "vigo-tiny@more": { held: false, candidate: "3.0-r1" } },
  "install by its tag": "done",
  "hold by its tag": "done",
  "installed by its tag": {
    "vigo-tiny@more": { held: true, installed: "3.0-r1", candidate: "3.0-r1" },
  },
  "remove by its tag": "done",
  "in the end": {
    "vigo-tiny": { held: false, ...APK_NEW },
    "vigo-two": { held: false, ...APK_TWO },
  },
  "install beside another manager": "blocked",
  "ask for fresh lists without the source": "blocked",
  "install without the source": "blocked",
  "install with the source again": "done",
};

const BREW_TWO = { candidate: "1.0" };
const BREW_NEWEST = { installed: "2.0", candidate: "2.0" };
const BREW_BOTH = {
  "vigo-tiny": { held: false, ...BREW_NEWEST },
  "vigo-two": { held: false, installed: "1.0", candidate: "1.0" },
};
/** What is newer is seen after an update. */
const OF_BREW: Readonly<Record<string, unknown>> = {
  "at first": {
    "vigo-tiny": { held: false, candidate: "1.0" },
    "vigo-two": { held: false, ...BREW_TWO },
  },
  "install an old version": "done",
  "with a newer one": {
    "vigo-tiny": { held: false, installed: "1.0", candidate: "1.0" },
    "vigo-two": { held: false, ...BREW_TWO },
  },
  "with a newer one, by fresh lists": {
    "vigo-tiny": { installed: "1.0", candidate: "2.0" },
    "vigo-two": BREW_TWO,
  },
  hold: "done",
  held: {
    "vigo-tiny": { held: true, installed: "1.0", candidate: "2.0" },
    "vigo-two": { held: false, ...BREW_TWO },
  },
  "install what is newest": "done",
  newest: {
    "vigo-tiny": { held: true, ...BREW_NEWEST },
    "vigo-two": { held: false, ...BREW_TWO },
  },
  unhold: "done",
  "not held any more": {
    "vigo-tiny": { held: false, ...BREW_NEWEST },
    "vigo-two": { held: false, ...BREW_TWO },
  },
  "no such package": "failed",
  "install two": "done",
  both: BREW_BOTH,
  "install what needs another": "done",
  "remove what is needed": "failed",
  "with what is needed": BREW_BOTH,
  "remove what needs another": "done",
  remove: "done",
  "in the end": {
    "vigo-tiny": { held: false, candidate: "2.0" },
    "vigo-two": { held: false, ...BREW_TWO },
  },
  "install beside another manager": "blocked",
  "ask for fresh lists without the source": "blocked",
  "install without the source": "blocked",
  "install with the source again": "done",
};

interface Recorded {
  readonly name: string;
  readonly create: (manager: RecordedManager) => PackageProvider;
  readonly stage: PackageStage;
  readonly expected: Readonly<Record<string, unknown>>;
}

const dnf = (manager: RecordedManager) => new DnfProvider(manager, "/etc");
const apk = (manager: RecordedManager) =>
  new ApkProvider(manager, manager.files, "/etc", aDayLaterEachTime());
const BREW_OWNER = {
  program: "/home/linuxbrew/.linuxbrew/bin/brew",
  user: "linuxbrew",
  home: "/home/linuxbrew",
};
const APK_STAGE: PackageStage = {
  ...STAGE,
  release: "-r1",
  hasUser: true,
  tag: "more",
  setLock: rest,
};
const RECORDINGS: readonly Recorded[] = [
  { name: "dnf4", create: dnf, stage: STAGE, expected: OF_RPM },
  { name: "dnf5", create: dnf, stage: STAGE, expected: OF_RPM },
  {
    name: "zypper",
    create: (manager) => new ZypperProvider(manager, "/etc"),
    stage: STAGE,
    expected: OF_RPM,
  },
  {
    name: "pacman",
    create: (manager) => new PacmanProvider(manager),
    stage: { ...STAGE, setLock: rest },
    expected: OF_PACMAN,
  },
  { name: "apk2", create: apk, stage: APK_STAGE, expected: OF_APK },
  { name: "apk3", create: apk, stage: APK_STAGE, expected: OF_APK },
  {
    name: "brew",
    create: (manager) => new BrewProvider(manager, BREW_OWNER, aDayLaterEachTime()),
    stage: { ...STAGE, hasUser: true, setLock: rest },
    expected: OF_BREW,
  },
];

for (const { name, create, stage, expected } of RECORDINGS) {
  // Written by tools/record_packages.ts.
  const recording: Recording = JSON.parse(
    await Deno.readTextFile(new URL(`${name}.json`, FOLDER)),
  );

  Deno.test(`what ${recording.recordedWith} answered, on good days and bad, is understood`, async () => {
    const manager = new RecordedManager(recording);
    const outcomes = await playPackages(create(manager), stage);
    assert.deepEqual(Object.fromEntries(outcomes), expected);
    assert.ok(manager.isOver);
  });
}
