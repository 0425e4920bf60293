/** Colors of the status page and of reports. Contrast is tested in both schemes. */
export const PAGE_COLORS = `
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
`;
