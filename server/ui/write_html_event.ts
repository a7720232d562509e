/** HTML as a server-sent event: every line of it is a `data` line (HTML Living Standard, 9.2.5). */
export function writeHtmlEvent(html: string): string {
  return html.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`).join("") + "\n";
}

/** An event that says no more than its name. */
export function writeNamedEvent(name: string): string {
  return `event: ${name}\ndata: \n\n`;
}
