import assert from "node:assert/strict";
import { isRenewalDue } from "./renewal_due.ts";

Deno.test("a certificate is renewed from two thirds of its life on", () => {
  const lifetime = { notBeforeMs: 0, notAfterMs: 90 };
  assert.deepEqual([59, 60, 91].map((now) => isRenewalDue(lifetime, now)), [false, true, true]);
});
