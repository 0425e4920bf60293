/** What the status page and reports look like. The contrast of the colors is tested in both schemes. */
export const PAGE_BASE_STYLE = `
:root {
  color-scheme: light dark;
  --background: #f3f1ec; --panel: #fffdf9; --border: #d9d4c8; --text: #1d2126; --muted: #585f69;
  --success: #1b6b3c; --error: #b3261e; --active: #0b5cad; --warning: #7d4a00; --neutral: #535b66;
  --success-tint: #dcefe2; --error-tint: #fbe1de; --active-tint: #dceafa; --warning-tint: #fbeacb; --neutral-tint: #e9e6df;
}
@media (prefers-color-scheme: dark) {
  :root {
    --background: #0e1217; --panel: #161c24; --border: #2a3440; --text: #e4e9ef; --muted: #98a4b3;
    --success: #6fd58f; --error: #ff8a80; --active: #7cbcff; --warning: #f2b84b; --neutral: #9aa5b3;
    --success-tint: #12301f; --error-tint: #3b1715; --active-tint: #10294a; --warning-tint: #372808; --neutral-tint: #222b36;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--background); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
}
header, main, footer { max-width: 1200px; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 1.25rem; }
.mono, code, pre, kbd { font-family: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .86em; }
.visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.success { --tone: var(--success); --tint: var(--success-tint); } .error { --tone: var(--error); --tint: var(--error-tint); }
.active { --tone: var(--active); --tint: var(--active-tint); } .warning { --tone: var(--warning); --tint: var(--warning-tint); }
.neutral { --tone: var(--neutral); --tint: var(--neutral-tint); }
a { color: var(--active); } summary { cursor: pointer; color: var(--active); width: fit-content; max-width: 100%; }
:focus-visible { outline: 2px solid var(--active); outline-offset: 2px; }
pre { margin: .4rem 0 0; padding: .6rem .75rem; background: var(--background); border: 1px solid var(--border); border-radius: 4px; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 24rem; overflow: auto; }
.strip { display: flex; flex-wrap: wrap; gap: 3px; list-style: none; margin: 0; padding: 0; }
.strip li { position: relative; width: 11px; height: 20px; border-radius: 2px; background: var(--tone); }
`;
