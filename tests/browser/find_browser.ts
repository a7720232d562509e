/** Where Debian, Ubuntu and others put Chromium and what is made of it. */
const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The browser of this machine; `undefined` if there is none. `VIGO_TEST_BROWSER` names another. */
export function findBrowser(): string | undefined {
  const named = Deno.env.get("VIGO_TEST_BROWSER");
  return [...named === undefined ? [] : [named], ...PATHS].find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  });
}
