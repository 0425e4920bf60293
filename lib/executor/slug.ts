/** The name that we give a run before it exists, so that it can be found whatever becomes of the answer. */

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

/** 16 characters of 5 bits: 80 random bits. */
const RANDOM_LENGTH = 16;
const NAME_LENGTH = 16;

/** The platform's own bound on a display name. */
const DISPLAY_NAME_LENGTH = 255;

/** A random word that no other run bears. */
export function newMarker(random: () => number): string {
  return Array.from({ length: RANDOM_LENGTH }, () => BASE32[Math.floor(random() * 32)]).join("");
}

/** A slug of the form `[a-z][a-z0-9-]*`, at most 40 characters: the workflow's name, shortened, and the marker. */
export function slugFor(workflow: string, marker: string): string {
  const name = workflow.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^[^a-z]+/, "")
    .slice(0, NAME_LENGTH).replace(/-+$/, "");
  return `${name === "" ? "run" : name}-${marker}`;
}

/** The display name that is sent: it ends with the marker, for servers that choose the slug themselves. */
export function displayNameFor(name: string, marker: string): string {
  const end = ` [${marker}]`;
  return name.slice(0, DISPLAY_NAME_LENGTH - end.length) + end;
}

/** Whether a run's display name ends with our marker. */
export function bearsMarker(displayName: string | null, marker: string): boolean {
  return displayName !== null && displayName.endsWith(`[${marker}]`);
}
