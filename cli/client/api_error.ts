/** An answer of the server that is not a success; `message` is the server's own sentence. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(readonly status: number, message: string) {
    super(message);
  }
}

/** No answer at all: the server is away, or is not the one that the CA names. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}
