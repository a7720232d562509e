import assert from "node:assert/strict";
import { ConvergeResults } from "./converge_results.ts";

Deno.test("rows name size and kind of run, and keep whole processes apart from applying alone", () => {
  const results = new ConvergeResults(50);
  results.addApplying({
    first: { wallMs: 400, cpuMs: 300 },
    noChange: [{ wallMs: 30, cpuMs: 20 }, { wallMs: 10, cpuMs: 8 }, { wallMs: 20, cpuMs: 15 }],
    peakRssBytes: 120e6,
  });
  results.add("no_change", "vigo", { wallMs: 900, cpuMs: 700, applyMs: 100 });
  results.add("first", "puppet", { wallMs: 5000, cpuMs: 4000, applyMs: 1500 });
  results.add("no_change", "ansible-playbook", { wallMs: 20_000 });
  const found = results.rows().map(({ case: name, subject, metric, value, unit }) =>
    `${name} ${subject} ${metric} ${value} ${unit}`
  );
  assert.deepEqual(found, [
    "first_50 vigo apply_p50 0.4 s",
    "first_50 vigo apply_max 0.4 s",
    "first_50 vigo apply_cpu_ms_per_op 300 ms",
    "first_50 puppet p50 5 s",
    "first_50 puppet max 5 s",
    "first_50 puppet cpu_ms_per_op 4000 ms",
    "first_50 puppet apply_p50 1.5 s",
    "first_50 puppet apply_max 1.5 s",
    "no_change_50 vigo apply_p50 0.02 s",
    "no_change_50 vigo apply_max 0.03 s",
    "no_change_50 vigo apply_cpu_ms_per_op 15 ms",
    "no_change_50 vigo p50 0.9 s",
    "no_change_50 vigo max 0.9 s",
    "no_change_50 vigo cpu_ms_per_op 700 ms",
    "no_change_50 vigo process_apply_p50 0.1 s",
    "no_change_50 vigo process_apply_max 0.1 s",
    "no_change_50 ansible-playbook p50 20 s",
    "no_change_50 ansible-playbook max 20 s",
    "no_change_50 vigo apply_rss_peak 120 MB",
  ]);
});
