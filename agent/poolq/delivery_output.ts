import type { Message } from "../../shared/poolq/message.ts";
import type { VerifiedMessage } from "../../shared/poolq/verify_message.ts";
import { sanitize, sanitizeLines } from "../../shared/terminal/sanitize.ts";

/** How messages are written out: a line for people, the signed envelope on a line, the body alone, or one JSON document. */
export type MessageFormat = "text" | "json" | "body" | "document";

/** Writes messages in one format. */
export class MessageOutput {
  #count = 0;

  constructor(private readonly format: MessageFormat, private readonly isTerminal: boolean) {}

  /** The next messages. */
  render(messages: readonly VerifiedMessage[]): string {
    return messages.map((one) => this.#renderOne(one)).join("");
  }

  /** What ends the output. */
  end(): string {
    if (this.format !== "document") return "";
    return this.#count === 0 ? "[]\n" : "\n]\n";
  }

  #renderOne({ id, message }: VerifiedMessage): string {
    this.#count += 1;
    switch (this.format) {
      case "text":
        return `seq=${message.seq} posted_at=${formatTime(message.posted_at_ms)} msg_id=${
          id.slice(0, 12)
        } body=${sanitize(message.body)}\n`;
      case "body":
        return renderBody(message.body, this.isTerminal);
      case "json":
        return `${safeJson(message)}\n`;
      case "document":
        return `${this.#count === 1 ? "[" : ","}\n  ${safeJson(message)}`;
    }
  }
}

/** The body as it was posted, on lines of its own. What acts in a terminal is written out for one. */
function renderBody(body: string, isTerminal: boolean): string {
  const shown = isTerminal ? sanitizeLines(body) : body;
  return shown.endsWith("\n") ? shown : `${shown}\n`;
}

/** Characters that act in a terminal and that JSON leaves as they are; see `jsonText` for documents with indents. */
const ACTING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

function safeJson(message: Message): string {
  return JSON.stringify(message).replaceAll(
    ACTING,
    (character) =>
      character.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
        .join(""),
  );
}

function formatTime(timeMs: number): string {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? `${timeMs}ms` : date.toISOString();
}
