/** Whether two thirds of a certificate's life are over, so that there is time for many attempts before it ends. */
export function isRenewalDue(
  { notBeforeMs, notAfterMs }: { notBeforeMs: number; notAfterMs: number },
  nowMs: number,
): boolean {
  return nowMs >= notBeforeMs + (notAfterMs - notBeforeMs) * 2 / 3;
}
