/** Test files that take more than a minute, the longest first. */
export const LONG_TEST_FILES: readonly string[] = [
  "tests/e2e/swarm_downloader_lifecycle_test.ts",
  "tests/e2e/demo_test.ts",
  "tests/e2e/fleet_bad_days_test.ts",
  "tests/e2e/swarm_seeder_lifecycle_test.ts",
  "tests/e2e/examples_machine_test.ts",
  "tests/e2e/resource_contract_machine_test.ts",
  "tests/e2e/fleet_test.ts",
  "tests/e2e/cli_test.ts",
  "tests/e2e/swarm_engine_test.ts",
  "tests/e2e/backup_test.ts",
  "tests/e2e/agent_process_test.ts",
  "tests/e2e/runs_test.ts",
  "tests/e2e/swarm_discovery_test.ts",
  "tests/e2e/swarm_hostile_test.ts",
  "tests/e2e/swarm_administration_test.ts",
];

/** Puts what takes long before everything else, so that at the end nothing long runs beside idle lanes. */
export function longestFirst(files: readonly string[]): readonly string[] {
  const rank = (file: string) => {
    const index = LONG_TEST_FILES.indexOf(file);
    return index === -1 ? LONG_TEST_FILES.length : index;
  };
  return files.toSorted((a, b) => rank(a) - rank(b));
}
