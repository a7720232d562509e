/** What carries out a kind of resource on this machine, or why there is nothing that does. */
export type ProviderChoice<Provider> =
  | { readonly ok: true; readonly provider: Provider }
  | { readonly ok: false; readonly reason: string };
