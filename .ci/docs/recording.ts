export interface RecordedLine {
  readonly text: string;
  /** Milliseconds since the start. */
  readonly atMs: number;
}

const COLUMNS = 92;
const LINE_PX = 20;
const CHARACTER_PX = 8.2;
const MARGIN_PX = 18;
const BAR_PX = 34;
/** Longer pauses are shortened to this. */
const MAX_PAUSE_MS = 1_500;

/** An SVG without script: each line appears when it was printed, or at once for viewers who prefer reduced motion. */
export function renderRecording(lines: readonly RecordedLine[], { title }: { readonly title: string }): string {
  const width = Math.round(COLUMNS * CHARACTER_PX + 2 * MARGIN_PX);
  const rows = wrap(shortenPauses(lines));
  const height = BAR_PX + 2 * MARGIN_PX + rows.length * LINE_PX;
  const texts = rows.map(({ text, atMs }, index) => {
    const y = BAR_PX + MARGIN_PX + (index + 1) * LINE_PX - 6;
    const fill = /^✓/.test(text) ? ";fill:#6fd699" : /^\$/.test(text) ? ";fill:#8db8ff" : "";
    return `<text x="${MARGIN_PX}" y="${y}" style="animation-delay:${(atMs / 1_000).toFixed(2)}s${fill}">${
      escape(text)
    }</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-labelledby="t d">
<title id="t">${escape(title)}</title>
<desc id="d">${escape(rows.map(({ text }) => text).join(" / "))}</desc>
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

function shortenPauses(lines: readonly RecordedLine[]): RecordedLine[] {
  let shownAtMs = 0;
  let previousAtMs = 0;
  return lines.map(({ text, atMs }) => {
    shownAtMs += Math.min(MAX_PAUSE_MS, atMs - previousAtMs);
    previousAtMs = atMs;
    return { text, atMs: shownAtMs };
  });
}

function wrap(lines: readonly RecordedLine[]): RecordedLine[] {
  return lines.flatMap(({ text, atMs }) =>
    (text === "" ? [""] : text.match(new RegExp(`.{1,${COLUMNS}}`, "gu")) ?? []).map((part) => ({ text: part, atMs }))
  );
}

function escape(text: string): string {
  // deno-lint-ignore no-control-regex -- control characters are removed
  return text.replace(/[\u0000-\u001f\u007f]/g, "").replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(
    ">",
    "&gt;",
  );
}
