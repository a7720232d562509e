import { HOSTILE, LONG, type Story } from "./story.ts";
import { Command, Lines, ShortId, Word } from "./text.tsx";

export const textStory: Story = {
  component: "text",
  use:
    "Words of machines and people, ids, output, commands: nothing in them acts, turns round or hides.",
  cases: [
    { name: "a hostile word", show: () => <Word>{HOSTILE}</Word> },
    { name: "a long one", show: () => <Word mono>{LONG}</Word> },
    {
      name: "an id",
      show: () => <ShortId id="0a56d83341e445f6e43cee23e8fa62bcb5a7ea7ff8becbaa6494c3dcec55039e" />,
    },
    { name: "lines", show: () => <Lines text={`one\n\ttwo\n${HOSTILE}`} label="Output" /> },
    { name: "a command", show: () => <Command>vigocli envoys push --target '*'</Command> },
  ],
};
