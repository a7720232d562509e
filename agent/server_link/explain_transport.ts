/**
 * What a failed connection came to, in the operator's words. The gRPC library wraps the cause: "No connection established.
 * Last error: Error: connect ECONNREFUSED 127.0.0.1:1530. Resolution note: ".
 *
 * @param address host:port as it was dialled, which the library replaces with what it resolved to.
 */
export function explainTransport(details: string, address: string): string {
  const cause = /Last error: (?:\w*Error: )?(.*?)\.? Resolution note: ?(.*)$/s.exec(details);
  const text = cause === null ? details : [cause[1], cause[2]].filter(Boolean).join(". ");
  if (/ECONNREFUSED/.test(text)) return `${address}: connection refused`;
  if (/EHOSTUNREACH|ENETUNREACH/.test(text)) return `${address}: no route to it`;
  if (/ETIMEDOUT|Deadline exceeded/i.test(text)) return `${address}: no answer in time`;
  if (/Name resolution failed|ENOTFOUND|EAI_/.test(text)) return `${address}: no such host`;
  return text.trim();
}
