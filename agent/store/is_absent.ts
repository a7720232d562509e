/** Whether an error of the file system says that the path does not exist. */
export function isAbsent(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    (error instanceof Error && "code" in error && error.code === "ENOTDIR");
}
