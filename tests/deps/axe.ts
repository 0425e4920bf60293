// Finds accessibility problems of a page; its source runs in the page. Only in tests.
import axe from "npm:axe-core@4.14.1";
export const axeSource: string = axe.source;
