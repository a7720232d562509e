import { BlockedError } from "../blocked_error.ts";
import type { PackageProvider, QueryOptions } from "./package_provider.ts";

/**
 * The machine that is played on. Its only source has `vigo-tiny` in versions 1.0 and 2.0 (a manager of one version: 1.0 until it
 * is replaced) and `vigo-two` in 1.0, with an epoch where the manager knows one, which has nothing to do with it. No package is
 * installed.
 */
export interface PackageStage {
  /** What this manager's versions have behind the one of the program; `-1` if absent. */
  readonly release?: string;
  /** Whether the source also has `vigo-user`, which needs `vigo-two`: for a manager that refuses to remove what is needed. */
  readonly hasUser?: true;
  /** The tag of a second source, which has `vigo-tiny` in 3.0 alone: for a manager that tells sources by tags. */
  readonly tag?: string;
  /** Takes the source away, or brings it back. */
  setSource(isThere: boolean): Promise<void>;
  /** For a manager that has only one version of a package: replaces 1.0-1 by 2.0-1. */
  publishNewer(): Promise<void>;
  /** Another manager works, or has ended. Absent where the manager would wait for that, however long it takes. */
  setLock?(isHeld: boolean): Promise<void>;
}

/** What one step came to: states by name, or how an act ended. */
export type StepOutcome = readonly [step: string, outcome: unknown];

/** A clock for a provider that fetches lists once a day, so that it does whenever it is asked for fresh ones. */
export function aDayLaterEachTime(): { readonly nowMs: () => number } {
  let days = 0;
  return { nowMs: () => ++days * 25 * 3_600_000 };
}

const NAMES = ["vigo-tiny", "vigo-two"];
const KNOWN: QueryOptions = { candidates: "known", withHolds: true };

/** Goes with a provider through what policies ask of it, good days and bad, and tells what came of each step. */
export async function playPackages(
  provider: PackageProvider,
  stage: PackageStage,
): Promise<readonly StepOutcome[]> {
  const outcomes: StepOutcome[] = [];
  const query = async (step: string, options = KNOWN, names = NAMES) => {
    outcomes.push([step, Object.fromEntries(await provider.query(names, options))]);
  };
  const act = async (step: string, run: () => Promise<unknown>) => {
    outcomes.push([step, await run().then(() => "done", describe)]);
  };
  const { release = "-1" } = stage;
  const version = provider.cannotChooseVersion === undefined ? { version: `1.0${release}` } : {};
  const canHold = provider.cannotHold === undefined;
  await query("at first");
  await act("install an old version", () => provider.install(["vigo-tiny"], version));
  await stage.publishNewer();
  await query("with a newer one");
  await query("with a newer one, by fresh lists", { candidates: "fresh", withHolds: false });
  if (canHold) {
    await act("hold", () => provider.setHold(["vigo-tiny"], true));
    await query("held");
  }
  await act("install what is newest", () => provider.install(["vigo-tiny"], {}));
  await query("newest");
  if (canHold) {
    await act("unhold", () => provider.setHold(["vigo-tiny"], false));
    await query("not held any more");
  }
  if (provider.cannotChooseVersion === undefined) {
    await act("downgrade", () => provider.install(["vigo-tiny"], version));
    await query("old again");
    await act(
      "no such version",
      () => provider.install(["vigo-tiny"], { version: `9.9${release}` }),
    );
  }
  await act("no such package", () => provider.install(["vigo-nope"], {}));
  await act("install two", () => provider.install(NAMES, {}));
  await query("both");
  if (stage.hasUser) {
    await act("install what needs another", () => provider.install(["vigo-user"], {}));
    await act("remove what is needed", () => provider.remove(["vigo-two"]));
    await query("with what is needed");
    await act("remove what needs another", () => provider.remove(["vigo-user"]));
  }
  await act("remove", () => provider.remove(NAMES));
  if (stage.tag !== undefined) {
    const tagged = [`vigo-tiny@${stage.tag}`];
    await query("by its tag", KNOWN, tagged);
    await act("install by its tag", () => provider.install(tagged, {}));
    await act("hold by its tag", () => provider.setHold(tagged, true));
    await query("installed by its tag", KNOWN, tagged);
    await act("remove by its tag", () => provider.remove(tagged));
  }
  await query("in the end");
  if (stage.setLock) {
    await stage.setLock(true);
    await act("install beside another manager", () => provider.install(["vigo-tiny"], {}));
    await stage.setLock(false);
  }
  await stage.setSource(false);
  await act(
    "ask for fresh lists without the source",
    () => provider.query(NAMES, { candidates: "fresh", withHolds: false }),
  );
  await act("install without the source", () => provider.install(["vigo-two"], {}));
  await stage.setSource(true);
  await act("install with the source again", () => provider.install(["vigo-two"], {}));
  return outcomes;
}

function describe(error: unknown): string {
  return error instanceof BlockedError ? "blocked" : "failed";
}
