/** What a program said, and when, as a picture that plays. Pure. */

export interface SaidLine {
  readonly text: string;
  /** Since the start, milliseconds. */
  readonly atMs: number;
}

const COLUMNS = 92;
const LINE_PX = 20;
const CHARACTER_PX = 8.2;
const MARGIN_PX = 18;
const BAR_PX = 34;
/** Nobody wants to watch somebody wait. */
const MAX_PAUSE_MS = 1_500;

/** An SVG without script: each line appears when it was said. Where motion is not wanted, all are there at once. */
export function renderRecording(lines: readonly SaidLine[], { title }: { readonly title: string }): string {
  const width = Math.round(COLUMNS * CHARACTER_PX + 2 * MARGIN_PX);
  const rows = wrapped(shortened(lines));
  const height = BAR_PX + 2 * MARGIN_PX + rows.length * LINE_PX;
  const texts = rows.map(({ text, atMs }, index) => {
    const y = BAR_PX + MARGIN_PX + (index + 1) * LINE_PX - 6;
    const tone = /^✓/.test(text) ? ";fill:#6fd699" : /^\$/.test(text) ? ";fill:#8db8ff" : "";
    return `<text x="${MARGIN_PX}" y="${y}" style="animation-delay:${(atMs / 1_000).toFixed(2)}s${tone}">${
      escaped(text)
    }</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-labelledby="t d">
<title id="t">${escaped(title)}</title>
<desc id="d">${escaped(rows.map(({ text }) => text).join(" / "))}</desc>
<style>
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#e8ecf3;white-space:pre;opacity:0;animation:s .15s forwards}
@keyframes s{to{opacity:1}}
@media(prefers-reduced-motion:reduce){text{opacity:1;animation:none}}
</style>
<rect width="${width}" height="${height}" rx="10" fill="#0f131a"/>
<circle cx="20" cy="18" r="6" fill="#e0625a"/><circle cx="40" cy="18" r="6" fill="#e6b04c"/><circle cx="60" cy="18" r="6" fill="#5cb85c"/>
${texts.join("\n")}
</svg>
`;
}

function shortened(lines: readonly SaidLine[]): SaidLine[] {
  let shown = 0;
  let before = 0;
  return lines.map(({ text, atMs }) => {
    shown += Math.min(MAX_PAUSE_MS, atMs - before);
    before = atMs;
    return { text, atMs: shown };
  });
}

function wrapped(lines: readonly SaidLine[]): SaidLine[] {
  return lines.flatMap(({ text, atMs }) =>
    (text === "" ? [""] : text.match(new RegExp(`.{1,${COLUMNS}}`, "gu")) ?? []).map((part) => ({ text: part, atMs }))
  );
}

function escaped(text: string): string {
  // deno-lint-ignore no-control-regex -- controls are what must not be there
  return text.replace(/[\u0000-\u001f\u007f]/g, "").replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(
    ">",
    "&gt;",
  );
}
