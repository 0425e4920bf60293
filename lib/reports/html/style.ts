import { PAGE_BASE_STYLE } from "../../page_style.ts";

export const PAGE_STYLE = `${PAGE_BASE_STYLE}[hidden] { display: none !important; }
h1 { font-size: 1.35rem; margin: 0; line-height: 1.3; } h2 { font-size: 1rem; margin: 0 0 .4rem; }
h3 { font-size: .75rem; margin: 0 0 .35rem; text-transform: uppercase; letter-spacing: .07em; color: var(--muted); }
p { margin: 0; } .muted, .facts, footer, .queued { color: var(--muted); } footer { padding: 1.5rem 1.25rem; font-size: .86rem; }
kbd { border: 1px solid var(--border); border-radius: 3px; padding: 0 .3em; background: var(--panel); }
.verdict, .chip { display: inline-flex; gap: .35em; align-items: center; border-radius: 1em; color: var(--tone); background: var(--tint); white-space: nowrap; }
.verdict { padding: 0 .6em; margin-right: .25em; font-size: .8em; } .chip { padding: 0 .55em; font-size: .8rem; }
.tag { border: 1px solid var(--border); border-radius: 3px; padding: 0 .35em; font-size: .78rem; color: var(--muted); margin-right: .25em; }
.counts { font-weight: 600; } strong.success, strong.error, strong.warning, .sign { color: var(--tone); }
a { unicode-bidi: isolate; } a:hover { text-decoration-thickness: 2px; } ::placeholder { color: var(--muted); opacity: 1; }
.verdicts { margin-top: .5rem; } .overview { margin-bottom: .75rem; display: grid; gap: .75rem; grid-template-columns: minmax(0, 1fr); }
.verdict-bar { display: flex; height: 10px; gap: 2px; border-radius: 5px; overflow: hidden; margin-top: .75rem; }
.verdict-bar span { background: var(--tone); min-width: 3px; } .verdict-bar .skipped, .verdict-bar .not-run { opacity: .45; }
.verdicts, .toolbar, .actions, .choices { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; }
button, select, input { font: inherit; font-size: .9rem; color: var(--text); background: var(--panel); border: 1px solid var(--border); border-radius: 5px; padding: .2rem .65rem; min-height: 2rem; max-width: 100%; }
button { cursor: pointer; } button:hover { border-color: var(--muted); } .toggle[aria-pressed="true"] { background: var(--active-tint); border-color: var(--active); }
.count { font-weight: 600; } h2 .count { color: var(--muted); }
.panel { background: var(--panel); border: 1px solid var(--border); border-radius: 6px; padding: .75rem 1rem; min-width: 0; }
.panels { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); align-items: start; }
.panel ul, .panel ol, .cases, .attempts, .steps { list-style: none; margin: 0; padding: 0; } .panel li { padding: .15rem 0; }
.clusters li + li { border-top: 1px solid var(--border); margin-top: .35rem; padding-top: .5rem; } .clusters button { margin-top: .3rem; }
.message { font-weight: 500; } .panel > ul .muted { font-size: .88rem; }
.toolbar { position: sticky; top: 0; z-index: 2; background: var(--background); padding: .75rem 0 .6rem; } .toolbar input { flex: 1 1 14rem; min-width: 0; }
.note { background: var(--panel); border: 1px dashed var(--border); border-radius: 6px; padding: .75rem 1rem; }
.cases { background: var(--panel); border: 1px solid var(--border); border-radius: 6px; } .cases:empty { border: 0; }
.case { border-left: 3px solid var(--tone); content-visibility: auto; contain-intrinsic-size: auto 44px; scroll-margin-top: 4rem; } .case + .case { border-top: 1px solid var(--border); }
.case .row { display: grid; grid-template-columns: 9.5rem minmax(0, 1fr) auto; gap: .25rem .9rem; align-items: center; width: 100%; text-align: left; border: 0; border-radius: 0; background: none; padding: .45rem .8rem; min-height: 2.7rem; }
.case .row:hover, .case .row[aria-expanded="true"] { background: var(--neutral-tint); } .case .row:focus-visible { outline-offset: -2px; }
.case .row:hover .chip.neutral, .case .row[aria-expanded="true"] .chip.neutral { background: var(--panel); }
.case .row:hover .muted, .case .row[aria-expanded="true"] .muted, .case .row:hover .why, .case .row[aria-expanded="true"] .why, .case .row:hover .tag, .case .row[aria-expanded="true"] .tag { color: var(--text); }
.row .chip { justify-self: start; } .name { min-width: 0; display: grid; } .name .chip { margin-right: .25em; }
.why { color: var(--muted); font-size: .86rem; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.row-facts { display: flex; gap: .9rem; font-size: .86rem; white-space: nowrap; } .duration { min-width: 4.5rem; text-align: right; }
.details { display: grid; grid-template-columns: minmax(0, 1fr); gap: .9rem; padding: .75rem 1rem 1rem; border-top: 1px solid var(--border); }
.details .muted { font-size: .88rem; } .reason { color: var(--text); border-left: 3px solid var(--tone, var(--error)); padding-left: .6rem; margin-bottom: .4rem; white-space: pre-wrap; }
.details .reason { --tone: var(--error); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; min-width: 60%; }
th, td { text-align: left; padding: .25rem .7rem .25rem 0; vertical-align: top; border-bottom: 1px solid var(--border); overflow-wrap: normal; } th { color: var(--muted); font-weight: 600; font-size: .8rem; }
td { max-width: 32rem; overflow-wrap: break-word; } .number { white-space: nowrap; } .batch .number { text-align: right; } .spark { width: 100px; height: 24px; color: var(--active); vertical-align: middle; }
.attempts > li + li { margin-top: .9rem; } .attempt { display: flex; flex-wrap: wrap; gap: .2rem .6rem; align-items: center; } .attempt strong { color: var(--tone); }
.copy { min-height: 1.6rem; padding: 0 .5rem; font-size: .8rem; }
.timeline { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: .75rem; align-items: center; margin: .35rem 0; }
.track { position: relative; height: 12px; background: var(--neutral-tint); border-radius: 3px; overflow: hidden; } .bar { position: absolute; top: 0; bottom: 0; background: var(--tone); }
.bar.queue { background: repeating-linear-gradient(135deg, var(--neutral) 0 2px, transparent 2px 6px); }
.steps li { display: flex; gap: .5rem; align-items: baseline; font-size: .9rem; } .steps .job span { font-weight: 600; } .steps .job .muted { font-weight: 400; } .dot { width: .6em; height: .6em; border-radius: 50%; background: var(--tone); flex: none; }
.history { display: flex; flex-wrap: wrap; gap: 1rem; align-items: center; }
.strip .neutral { height: 10px; align-self: end; } .strip .flaky { background: repeating-linear-gradient(135deg, var(--tone) 0 3px, var(--warning-tint) 3px 6px); }
.case-facts { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: 0; font-size: .88rem; } .case-facts dt { color: var(--muted); } .case-facts dd { margin: 0; } .case-facts div { min-width: 0; }
.batch { background: var(--panel); border: 1px solid var(--border); border-radius: 6px; padding: 0 .75rem; } .batch table { min-width: 100%; } .batch th button, .batch td, .batch th { white-space: nowrap; } .batch .opened td { white-space: normal; max-width: none; } .batch .details { position: sticky; left: 0; width: min(70rem, calc(100vw - 4rem)); border: 0; } .overview + .panel { margin-bottom: .75rem; }
.batch thead button { border: 0; padding: 0; background: none; color: inherit; font-weight: 600; } [aria-sort="ascending"] button::after { content: " ↑"; } [aria-sort="descending"] button::after { content: " ↓"; }
.chart { overflow-x: auto; } .chart svg { width: 100%; min-width: 600px; max-width: 720px; height: auto; } .axes { fill: none; stroke: var(--border); } .axis { fill: var(--muted); font-size: 12px; }
.series-0 { --series: var(--active); } .series-1 { --series: var(--error); } .series-2 { --series: var(--success); } .series-3 { --series: var(--warning); } .series-4 { --series: var(--neutral); } .series-5 { --series: var(--text); }
.point { fill: var(--series); fill-opacity: .75; } .line { stroke: var(--series); stroke-width: 1.5; stroke-opacity: .5; } .legend > span { color: var(--series); } .legend span span { color: var(--text); }
@media (max-width: 700px) {
  header, main, footer { padding-left: .75rem; padding-right: .75rem; } .toolbar { position: static; }
  .case .row { grid-template-columns: minmax(0, 1fr) auto; } .case .row .name { grid-column: 1 / -1; grid-row: 2; } .queued { display: none; }
  .timeline { grid-template-columns: minmax(0, 1fr); gap: .15rem; } .case { contain-intrinsic-size: auto 76px; }
}
@media print {
  :root { color-scheme: light; font-size: 12px; } body { background: none; font-size: 1rem; } .toolbar, .actions, .copy, .clusters button, footer { display: none; }
  .case { content-visibility: visible; break-inside: avoid; } pre { max-height: none; } .scroll { overflow: visible; }
}
@media (forced-colors: active) { .bar, .dot, .strip li, .verdict-bar span { border: 1px solid; } }
`;
