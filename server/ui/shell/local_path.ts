/**
 * An address of this server out of what a link or a form says, for going there after a login; the front page for anything
 * that a browser might take for another server.
 */
export function localPath(text: string): string {
  if (!/^\/(?![/\\])[^\\\p{Cc}\s]*$/u.test(text)) return "/";
  // As a browser would: what remains of a path with dots must not begin with two slashes either.
  const { pathname, search, origin } = new URL(text, "https://vigo.invalid");
  return origin === "https://vigo.invalid" && !pathname.startsWith("//") && pathname !== "/login"
    ? pathname + search
    : "/";
}
