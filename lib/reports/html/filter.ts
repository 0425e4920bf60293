/** Search and filters. Their state is the query of the address, so that a link shows the same. */
export const FILTER_SCRIPT = String.raw`
const FILTERS = ["q", "verdict", "cluster", "suite", "tag", "where", "sort"];

function createFilters(report, onChange) {
  const state = Object.fromEntries(FILTERS.map((name) => [name, ""]));
  const listeners = [];
  const searchText = new Map(report.cases.map((one) => [one, [
    one.name, one.suite, one.workflow, ...one.tags, ...one.reasons, ...Object.entries(one.parameters).map(([name, value]) => name + "=" + value),
    ...one.attempts.flatMap(({ slug, resources }) => [slug ?? "", ...resources]),
  ].join("\n").toLowerCase()]));

  function read() {
    const query = new URLSearchParams(location.search);
    for (const name of FILTERS) state[name] = query.get(name) ?? "";
    listeners.forEach((update) => update());
  }

  function set(name, value) {
    if (state[name] === value) return;
    state[name] = value;
    const query = new URLSearchParams(Object.entries(state).filter(([, text]) => text !== ""));
    const text = query.toString();
    history.replaceState(null, "", location.pathname + (text === "" ? "" : "?" + text) + location.hash);
    listeners.forEach((update) => update());
    onChange();
  }

  function toggle(name, value, label) {
    const onclick = () => set(name, state[name] === value ? "" : value);
    const button = h("button", { type: "button", class: "toggle", "aria-pressed": "false", onclick }, label);
    listeners.push(() => button.setAttribute("aria-pressed", String(state[name] === value)));
    return button;
  }

  function select(name, label, options) {
    if (options.length < 2) return null;
    const onchange = () => set(name, input.value);
    const input = h("select", { "aria-label": label, onchange }, options.map(([value, text]) => h("option", { value }, text)));
    listeners.push(() => { input.value = options.some(([value]) => value === state[name]) ? state[name] : ""; });
    return input;
  }

  function matchesVerdict(one) {
    if (state.verdict === "flaky") return one.isFlaky;
    if (state.verdict === "quarantined") return one.isQuarantined;
    return state.verdict === "" || one.verdict === state.verdict;
  }

  function matches(one, index) {
    const words = state.q.toLowerCase().split(/\s+/).filter((word) => word !== "");
    const cluster = state.cluster === "" ? null : report.clusters[Number(state.cluster)];
    return matchesVerdict(one) && words.every((word) => searchText.get(one).includes(word)) &&
      (!cluster || cluster.cases.includes(index)) && (state.suite === "" || one.suite === state.suite) &&
      (state.tag === "" || one.tags.includes(state.tag)) &&
      (state.where === "" || one.attempts.some(({ resources }) => resources.includes(state.where)));
  }

  /** After what failed: flaky cases, then the others. */
  const severity = (one) => one.rank ?? report.cases.length + VERDICTS.indexOf(one.verdict) - (one.isFlaky ? VERDICTS.length : 0);
  const sorts = {
    "": (a, b) => severity(a) - severity(b),
    file: () => 0,
    slowest: (a, b) => (secondsOf(b) ?? -1) - (secondsOf(a) ?? -1),
    name: (a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }),
  };

  function toolbar() {
    const search = h("input", { type: "search", placeholder: "Search " + (report.kind === "batch" ? "rows" : "cases") + ", reasons, runs…", "aria-label": "Search", autocomplete: "off", spellcheck: "false" });
    search.addEventListener("input", () => set("q", search.value));
    listeners.push(() => { if (search.value !== state.q) search.value = state.q; });
    const choices = (all, text) => [["", text], ...[...new Set(report.cases.flatMap(all))].sort().map((value) => [value, value])];
    const several = (options) => options.length > 2 ? options : [];
    const clear = h("button", { type: "button", onclick: () => FILTERS.forEach((name) => set(name, "")) }, "Clear filters");
    listeners.push(() => { clear.hidden = FILTERS.every((name) => name === "sort" || state[name] === ""); });
    return h("div", { class: "toolbar", role: "search" }, search,
      select("suite", "Suite", several(choices(({ suite }) => suite, "All suites"))),
      select("tag", "Tag", choices(({ tags }) => tags, "All tags")),
      select("where", "Where it ran", several(choices(({ attempts }) => attempts.flatMap(({ resources }) => resources), "Anywhere"))),
      report.kind === "batch" ? null : select("sort", "Order", [["", "Worst first"], ["file", "File order"], ["slowest", "Slowest first"], ["name", "By name"]]),
      clear, h("span", { id: "shown", class: "muted" }));
  }

  /** Shown while only these filters are used: its facts are about all cases. */
  function shownWithout(element, ...allowed) {
    listeners.push(() => { element.hidden = FILTERS.some((name) => name !== "sort" && !allowed.includes(name) && state[name] !== ""); });
    return element;
  }

  return {
    read, toggle, toolbar, set, shownWithout,
    chosen: () => report.cases.filter(matches).sort(report.kind === "batch" ? () => 0 : sorts[state.sort] ?? sorts[""]),
  };
}
`;
