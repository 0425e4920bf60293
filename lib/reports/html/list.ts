/** The list of cases, or the table of a batch; details, deep links, keys and printing. */
export const LIST_SCRIPT = String.raw`
const CHUNK = 200;

function rowOf(one) {
  const last = lastOf(one);
  const facts = [
    one.attempts.length > 1 && h("span", { class: "muted" }, one.attempts.length + " attempts"),
    last && last.queueSeconds !== null && h("span", { class: "muted queued" }, "queued " + durationText(last.queueSeconds)),
    h("span", { class: "duration" }, durationText(secondsOf(one))),
  ];
  const labels = [
    one.isFlaky && h("span", { class: "chip warning" }, "flaky"),
    one.isQuarantined && h("span", { class: "chip neutral" }, "quarantined"),
    one.trend?.change === "new-failure" && h("span", { class: "chip error" }, "new"),
    one.tags.map((tag) => h("span", { class: "tag" }, tag)),
  ];
  const reason = one.verdict === "passed" ? null : one.reasons[0];
  return h("button", { type: "button", class: "row", "aria-expanded": "false" },
    chip(one.verdict),
    h("span", { class: "name" }, h("span", null, one.name, " ", labels), reason && h("span", { class: "why" }, reason)),
    h("span", { class: "row-facts" }, facts));
}

function suiteItem(one) {
  const button = rowOf(one);
  const item = h("li", { id: one.anchor, class: "case " + LOOKS[one.verdict].tone }, button);
  item.open = expandable(button, () => item.appendChild(detailsOf(one)));
  return item;
}

function showReport(report) {
  const main = document.getElementById("main");
  const columns = report.kind === "batch" ? columnsFor(report.cases) : null;
  const list = columns === null ? h("ol", { class: "cases", "aria-label": "Cases" }) : batchTable(columns, () => fill());
  const items = new Map(report.cases.map((one) => [one.anchor, one]));
  const empty = h("p", { class: "note", hidden: true }, "Nothing matches these filters.");
  const filters = createFilters(report, () => fill());
  let pending = 0;
  let current = [];
  const built = new Map();
  const itemOf = (one) => {
    if (!built.has(one)) built.set(one, columns === null ? suiteItem(one) : batchRow(one, columns));
    return built.get(one);
  };

  /** The first rows at once, the rest without blocking the page. */
  function fill(isComplete) {
    cancelAnimationFrame(pending);
    current = filters.chosen();
    if (columns !== null) current = list.sorted(current);
    document.getElementById("shown").textContent = current.length === report.cases.length
      ? counted(current.length, report.kind === "batch" ? "row" : "case")
      : current.length + " of " + report.cases.length;
    empty.hidden = current.length > 0;
    const body = list.body ?? list;
    body.replaceChildren(...current.slice(0, isComplete ? current.length : CHUNK).map(itemOf));
    const addNext = () => {
      const start = body.children.length;
      if (start >= current.length) return;
      body.append(...current.slice(start, start + CHUNK).map(itemOf));
      pending = requestAnimationFrame(addNext);
    };
    pending = requestAnimationFrame(addNext);
  }

  function openLinked() {
    const one = items.get(decodeURIComponent(location.hash.slice(1)));
    if (one === undefined) return;
    if (!filters.chosen().includes(one)) for (const name of FILTERS) filters.set(name, "");
    fill(true);
    const item = itemOf(one);
    item.open();
    item.scrollIntoView({ block: "start" });
    item.querySelector("button").focus({ preventScroll: true });
  }

  main.replaceChildren(...[
    verdictBar(report.cases, filters), filters.toolbar(), overview(report, filters), chartPanel(report, columns),
    h("h2", { class: "visually-hidden" }, columns === null ? "Cases" : "Rows"), list.table ?? list, empty,
  ].filter((part) => part !== null));
  filters.read();
  fill();
  addEventListener("hashchange", openLinked);
  addEventListener("popstate", () => { filters.read(); fill(); });
  addEventListener("beforeprint", () => fill(true));
  addKeys(main, filters);
  openLinked();
  document.body.dataset.ready = "true";
}

function addKeys(main, filters) {
  const search = main.querySelector("input[type=search]");
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && document.activeElement === search) { filters.set("q", ""); search.blur(); return; }
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "")) return;
    if (event.key === "/") { event.preventDefault(); search.focus(); }
    if (event.key === "j" || event.key === "k") {
      const rows = [...main.querySelectorAll("button.row")];
      const place = rows.indexOf(document.activeElement);
      const next = rows[place === -1 ? 0 : place + (event.key === "j" ? 1 : -1)];
      next?.focus();
    }
  });
}
`;
