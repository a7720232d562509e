/** `1 host`, `2 hosts`. A thing whose plural is not made with an s brings its own: `counted(2, "entry", "entries")`. */
export function counted(amount: number, one: string, many = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : many}`;
}
