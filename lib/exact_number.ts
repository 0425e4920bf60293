/** Numbers that this runtime would change: 9007199254740993 would be read as 9007199254740992, and 1e400 as infinite. */

/** Whether the text of a number is still the same number when it is printed again. */
export function isExact(source: string): boolean {
  const value = Number(source);
  if (source.trim() === "" || !Number.isFinite(value)) return false;
  return /^\s*0[box]/i.test(source) ? Number.isSafeInteger(value) : sameDecimal(source, String(value));
}

/** Whether a text has numbers that might not be: finding them all would take long in a large file. */
export function mayBeInexact(text: string): boolean {
  return /\d[\d.]{15}|\d[eE][+-]?\d{3}/.test(text);
}

/** Parses JSON; a number that would be changed becomes NaN, which no check lets through. */
export function parseExactly(text: string): unknown {
  if (!mayBeInexact(text)) return JSON.parse(text);
  return JSON.parse(text, (_name, value: unknown, context?: { readonly source?: string }) => {
    return typeof value === "number" && !isExact(context?.source ?? String(value)) ? NaN : value;
  });
}

function sameDecimal(left: string, right: string): boolean {
  const [first, second] = [decimalOf(left), decimalOf(right)];
  return first !== undefined && second !== undefined && first === second;
}

/** Sign, digits without zeros at either end, and exponent; `undefined` for any other text. */
function decimalOf(text: string): string | undefined {
  const match = /^([-+]?)(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$/.exec(text.trim());
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  const digits = (whole + fraction).replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  const scale = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length);
  return `${sign === "-" ? "-" : ""}${significant}e${scale}`;
}
