// Looks for what keeps people out of a page; its source runs within the page. For tests alone.
import axe from "npm:axe-core@4.14.1";
export const axeSource: string = axe.source;
