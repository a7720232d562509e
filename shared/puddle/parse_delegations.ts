import { type Delegation, delegationSchema, verifyDelegation } from "./delegation.ts";

/** The delegations among what somebody sent: those that both keys signed. Everything else is dropped, since it says nothing. */
export function parseDelegations(sent: Iterable<unknown>): Delegation[] {
  return [...sent].flatMap((one) => {
    const parsed = delegationSchema.safeParse(one);
    return parsed.success && verifyDelegation(parsed.data) ? [parsed.data] : [];
  });
}
