import type { Page } from "../page.ts";
import { envoysPage } from "./envoys_page.tsx";

/** Every page, in the order of the menu. One that is not here is neither served nor linked. */
export const PAGES: readonly Page[] = [
  envoysPage,
];
