import { HOSTILE, type Story } from "./story.ts";
import { Tree } from "./tree.tsx";

const DATA = {
  os: { distro: "debian", release: "12" },
  network: [{ name: "eth0" }, { name: HOSTILE }],
};

export const treeStory: Story = {
  component: "tree",
  use: "Data of any depth, folded, and searched by a text.",
  cases: [
    { name: "folded", show: () => <Tree data={DATA} id="tree-all" search="" label="Traits" /> },
    {
      name: "searched",
      show: () => <Tree data={DATA} id="tree-found" search="deb" label="Traits that fit" />,
    },
    {
      name: "nothing fits",
      show: () => <Tree data={DATA} id="tree-none" search="zzz" label="No traits" />,
    },
  ],
};
