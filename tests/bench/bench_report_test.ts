import assert from "node:assert/strict";
import { type Machine, percentile, renderReport } from "./bench_report.ts";

const machine: Machine = {
  cpu: "test processor",
  cores: 2,
  memoryBytes: 1,
  os: "linux",
  deno: "2.9.6",
};

Deno.test("a percentile is the nearest rank, whatever the order of the samples", () => {
  const samples = [5, 1, 4, 2, 3];
  assert.equal(percentile(samples, 0.5), 3);
  assert.equal(percentile(samples, 0.99), 5);
  assert.equal(percentile([7], 0.5), 7);
  assert.throws(() => percentile([], 0.5), RangeError);
});

Deno.test("a rival's figure stands beside how many times ours it is", () => {
  const text = renderReport({
    bench: "converge",
    machine,
    rows: [
      { case: "no_change", subject: "vigo", metric: "p50", value: 0.5, unit: "s" },
      { case: "no_change", subject: "puppet", metric: "p50", value: 4.9, unit: "s" },
    ],
    skipped: ["ansible: not installed"],
  });
  assert.match(text, /puppet\s+p50\s+4\.9\s+s\s+9\.8 ×/);
  assert.match(text, /skipped: ansible: not installed/);
});
