/** Order of code units, which for the ASCII kept here is the order of a SQL database. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
