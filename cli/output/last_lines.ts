/** Longest line that is kept, in characters; a terminal shows less. */
const MAX_LINE_LENGTH = 400;

/** The last line that each of many writers has written so far, whether it has ended or not. */
export class LastLines {
  readonly #writers = new Map<
    number,
    { readonly decoder: TextDecoder; line: string; rest: string }
  >();

  add(writer: number, bytes: Uint8Array<ArrayBuffer>): void {
    const state = this.#writers.get(writer) ??
      { decoder: new TextDecoder(), line: "", rest: "" };
    const lines = (state.rest + state.decoder.decode(bytes, { stream: true })).split(/\r\n|\r|\n/);
    state.rest = (lines.pop() ?? "").slice(-MAX_LINE_LENGTH);
    const ended = lines.findLast((line) => line.trim() !== "");
    if (ended !== undefined) state.line = ended.slice(0, MAX_LINE_LENGTH);
    this.#writers.set(writer, state);
  }

  get(writer: number): string {
    const state = this.#writers.get(writer);
    return state === undefined ? "" : state.rest.trim() === "" ? state.line : state.rest;
  }
}
