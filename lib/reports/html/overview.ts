/** What is shown above the list: verdicts, failures by reason, changes since earlier runs, flaky and slow cases. */
export const OVERVIEW_SCRIPT = String.raw`
const MAX_PANEL_CASES = 4;

function caseLink(one, note) {
  return h("li", null, h("a", { href: "#" + one.anchor }, one.name), note ? h("span", { class: "muted" }, " " + note) : null);
}

/** The first items, and the others in a closed part. */
function shortList(tag, items) {
  const more = items.slice(MAX_PANEL_CASES);
  return [
    h(tag, null, items.slice(0, MAX_PANEL_CASES)),
    more.length > 0 && h("details", null, h("summary", null, more.length + " more"), h(tag, null, more)),
  ];
}

function panel(title, cases, noteOf) {
  return cases.length === 0 ? null : h("section", { class: "panel" },
    h("h2", null, title + " ", h("span", { class: "count" }, cases.length)),
    shortList("ul", cases.map((one) => caseLink(one, noteOf(one)))));
}

function verdictBar(cases, filters) {
  const counts = new Map(VERDICTS.map((verdict) => [verdict, cases.filter((one) => one.verdict === verdict).length]));
  const parts = [...counts].filter(([, count]) => count > 0);
  const bar = h("div", { class: "verdict-bar", "aria-hidden": "true" }, parts.map(([verdict, count]) => {
    const part = h("span", { class: LOOKS[verdict].tone + " " + verdict });
    part.style.flexGrow = count;
    return part;
  }));
  const buttons = parts.map(([verdict, count]) => filters.toggle("verdict", verdict, chipLabel(verdict, count)));
  const flaky = cases.filter(({ isFlaky }) => isFlaky).length;
  if (flaky > 0) buttons.push(filters.toggle("verdict", "flaky", ["flaky ", h("span", { class: "count" }, flaky)]));
  const quarantined = cases.filter(({ isQuarantined, verdict }) => isQuarantined && verdict !== "passed").length;
  if (quarantined > 0) buttons.push(filters.toggle("verdict", "quarantined", ["quarantined ", h("span", { class: "count" }, quarantined)]));
  return h("div", null, bar, h("div", { class: "verdicts", role: "group", "aria-label": "Show only" }, buttons));
}

function chipLabel(verdict, count) {
  return [h("span", { class: "sign " + LOOKS[verdict].tone, "aria-hidden": "true" }, LOOKS[verdict].sign + " "), verdictText(verdict) + " ", h("span", { class: "count" }, count)];
}

function clustersPanel(report, filters) {
  const clusters = report.clusters.filter(({ cases }) => cases.length > 0);
  if (clusters.length === 0) return null;
  const item = ({ message, cases, where }, index) => {
    const members = cases.map((place) => report.cases[place]);
    return h("li", null,
      h("p", { class: "message" }, h("strong", { class: members.some(({ isFailure }) => isFailure) ? "error" : "warning" }, cases.length + " × "), message),
      h("p", { class: "muted" }, where === null ? null : where + " · ",
        members.slice(0, 3).map((one, place) => [place > 0 && ", ", h("a", { href: "#" + one.anchor }, one.name)]),
        cases.length > 3 && ", " + (cases.length - 3) + " more "),
      cases.length > 1 && filters.toggle("cluster", String(index), "Show these " + cases.length));
  };
  return filters.shownWithout(h("section", { class: "panel clusters" }, h("h2", null, "Failures by reason ", h("span", { class: "count" }, clusters.length)),
    shortList("ol", clusters.map(item))), "cluster");
}

function overview(report, filters) {
  const { cases } = report;
  const changed = (change) => cases.filter(({ trend }) => trend?.change === change);
  const since = ({ trend }) => trend.failingSinceMs === null ? "" : "since " + dateText(trend.failingSinceMs);
  const judged = cases.filter((one) => secondsOf(one) !== null);
  const slowest = judged.length <= 2 * MAX_PANEL_CASES ? [] : [...judged].sort((a, b) => secondsOf(b) - secondsOf(a)).slice(0, MAX_PANEL_CASES);
  const flaky = cases.filter(({ isFlaky, trend }) => isFlaky || (trend?.flakinessRate ?? 0) > 0)
    .sort((a, b) => (b.trend?.flakinessRate ?? 0) - (a.trend?.flakinessRate ?? 0));
  const skipped = cases.filter(({ trend }) => (trend?.skipStreak ?? 0) > 1);
  const usual = (one) => durationText(secondsOf(one)) + (one.trend?.usualSeconds ? ", usually " + durationText(one.trend.usualSeconds) : "");
  const panels = [
    panel("New failures", changed("new-failure"), (one) => one.reasons[0] ?? ""),
    panel("Still failing", changed("still-failing"), since),
    panel("Recovered", changed("recovered"), () => ""),
    panel("Flaky", flaky, (one) => one.isFlaky ? counted(one.attempts.length, "attempt") : Math.round(100 * one.trend.flakinessRate) + " % of earlier runs"),
    panel("Skipped again", skipped, ({ trend, reasons }) => trend.skipStreak + " runs in a row" + (reasons[0] ? ": " + reasons[0] : "")),
    panel("Slowest", slowest, usual),
  ].filter((one) => one !== null);
  return h("div", { class: "overview" }, clustersPanel(report, filters),
    panels.length > 0 && filters.shownWithout(h("div", { class: "panels" }, panels)));
}
`;
