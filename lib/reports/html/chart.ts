/** A batch: its rows as a table with parameters and outputs as columns, and a chart of an output over a parameter. */
export const CHART_SCRIPT = String.raw`
function cellText(value) {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function numberOf(value) {
  const text = cellText(value).trim();
  const number = Number(text);
  return text === "" || !Number.isFinite(number) ? null : number;
}

/** Outputs by job.output. */
function outputsOf(one) {
  const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  return Object.fromEntries(Object.entries(one.outputs).flatMap(([job, values]) =>
    isObject(values) ? Object.entries(values).map(([name, value]) => [job + "." + name, value]) : [[job, values]]));
}

function columnsFor(cases) {
  const names = (valuesOf) => [...new Set(cases.flatMap((one) => Object.keys(valuesOf(one))))];
  const [parameters, outputs] = [names((one) => one.parameters), names(outputsOf)];
  return [
    ...parameters.map((name) => ({ name, kind: "parameter", of: (one) => one.parameters[name] })),
    ...outputs.map((name) => ({ name: parameters.includes(name) ? "output " + name : name, kind: "output", of: (one) => outputsOf(one)[name] })),
    { name: "run time", kind: "time", of: (one) => secondsOf(one) },
    { name: "queue time", kind: "time", of: (one) => lastOf(one)?.queueSeconds },
  ];
}

function batchTable(columns, onSort) {
  const all = [{ name: "row", of: (one) => one.name }, { name: "status", of: (one) => VERDICTS.indexOf(one.verdict) }, ...columns];
  let sort = null;
  const heads = all.map((column) => {
    const button = h("button", { type: "button" }, column.name);
    const head = h("th", { scope: "col", class: column.kind ?? "" }, button);
    button.addEventListener("click", () => {
      sort = { column, sign: sort?.column === column ? -sort.sign : 1 };
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", sort.sign === 1 ? "ascending" : "descending");
      onSort();
    });
    return head;
  });
  const body = h("tbody", null);
  const table = h("div", { class: "scroll batch", tabindex: "0", role: "group", "aria-label": "Rows" },
    h("table", null, h("thead", null, h("tr", null, heads)), body));
  const sorted = (cases) => {
    if (sort === null) return cases;
    return [...cases].sort((a, b) => {
      const [left, right] = [sort.column.of(a), sort.column.of(b)];
      const [x, y] = [numberOf(left), numberOf(right)];
      if (x !== null && y !== null) return sort.sign * (x - y);
      return sort.sign * cellText(left).localeCompare(cellText(right), undefined, { numeric: true });
    });
  };
  return { table, body, sorted };
}

function batchRow(one, columns) {
  const button = h("button", { type: "button", class: "row", "aria-expanded": "false" }, one.name);
  const cells = columns.map((column) => {
    const value = column.of(one);
    const text = column.kind === "time" ? durationText(value ?? null) : cellText(value);
    return h("td", { class: numberOf(value) === null ? "" : "number", title: text.length > 40 ? text.slice(0, 500) : null }, text.length > 40 ? text.slice(0, 39) + "…" : text);
  });
  const row = h("tr", { id: one.anchor }, h("th", { scope: "row" }, button), h("td", null, chip(one.verdict)), cells);
  row.open = expandable(button, () => {
    row.after(h("tr", { class: "opened" }, h("td", { colspan: cells.length + 2 }, detailsOf(one))));
    return row.nextElementSibling;
  });
  return row;
}

function chartPanel(report, columns) {
  if (columns === null) return null;
  const measured = columns.filter(({ kind, of }) => kind !== "parameter" && report.cases.some((one) => numberOf(of(one)) !== null));
  const parameters = columns.filter(({ kind }) => kind === "parameter");
  if (measured.length === 0 || parameters.length === 0) return null;
  const select = (label, options) => {
    const input = h("select", { onchange: draw }, options.map(({ name }, index) => h("option", { value: index }, name)));
    return [input, h("label", null, label + " ", input)];
  };
  const [y, yLabel] = select("Show", measured);
  const [x, xLabel] = select("over", parameters);
  const [color, colorLabel] = select("by", [{ name: "nothing", of: () => "" }, ...parameters]);
  const area = h("div", { class: "chart", tabindex: "0", role: "group", "aria-label": "Chart" });
  function draw() {
    const by = color.value === "0" ? null : parameters[Number(color.value) - 1];
    area.replaceChildren(...chart(report.cases, { x: parameters[x.value], y: measured[y.value], by }));
  }
  draw();
  return h("section", { class: "panel" }, h("h2", null, "Chart"), h("p", { class: "choices" }, yLabel, xLabel, parameters.length > 1 && colorLabel), area);
}

function chart(cases, { x, y, by }) {
  const points = cases.flatMap((one) => {
    const value = numberOf(y.of(one));
    return value === null || cellText(x.of(one)) === "" ? [] : [{ one, x: x.of(one), y: value, group: by === null ? "" : cellText(by.of(one)) }];
  });
  if (points.length === 0) return [h("p", { class: "muted" }, "No row has both values.")];
  const isNumeric = points.every((point) => numberOf(point.x) !== null);
  const names = isNumeric ? [] : [...new Set(points.map((point) => cellText(point.x)))];
  const place = (point) => isNumeric ? numberOf(point.x) : names.indexOf(cellText(point.x));
  const groups = [...new Set(points.map(({ group }) => group))];
  const [xs, ys] = [points.map(place), points.map((point) => point.y)];
  const [left, right, top, bottom] = [70, 690, 15, 265];
  const scale = (values, from, to) => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return (value) => high === low ? (from + to) / 2 : from + (value - low) / (high - low) * (to - from);
  };
  const [toX, toY] = [scale(xs, left + 20, right - 20), scale(ys, bottom - 10, top + 10)];
  const label = (text) => text.length > 14 ? text.slice(0, 13) + "…" : text;
  const text = (value, attributes) => svg("text", { class: "axis", ...attributes }, value);
  const xTicks = isNumeric ? [...new Set([Math.min(...xs), Math.max(...xs), ...(new Set(xs).size <= 8 ? xs : [])])] : names.map((_, index) => index).filter((index) => names.length <= 8 || index % Math.ceil(names.length / 8) === 0);
  const yTicks = [...new Set([Math.min(...ys), (Math.min(...ys) + Math.max(...ys)) / 2, Math.max(...ys)])];
  const title = y.name + " over " + x.name + ": " + counted(points.length, "row") + ", from " + numberText(Math.min(...ys)) + " to " + numberText(Math.max(...ys));
  const picture = svg("svg", { viewBox: "0 0 720 310", role: "img", "aria-label": title },
    svg("path", { class: "axes", d: "M" + left + " " + top + "V" + bottom + "H" + right }),
    ...yTicks.map((value) => text(numberText(value), { x: left - 8, y: toY(value) + 4, "text-anchor": "end" })),
    ...xTicks.map((value) => text(label(isNumeric ? numberText(value) : names[value]), { x: toX(value), y: bottom + 18, "text-anchor": "middle" })),
    text(x.name, { x: (left + right) / 2, y: bottom + 38, "text-anchor": "middle" }),
    ...groups.map((group, index) => medianLine(points.filter((point) => point.group === group), place, toX, toY, index)),
    ...points.map((point) => svg("circle", { class: "point series-" + groups.indexOf(point.group) % 6, cx: toX(place(point)).toFixed(1), cy: toY(point.y).toFixed(1), r: 4 },
      svg("title", {}, (point.one.name + "\n" + x.name + " " + cellText(point.x) + ", " + y.name + " " + numberText(point.y)).slice(0, 300)))));
  const legend = by === null ? null : h("p", { class: "legend" }, groups.map((group, index) => h("span", { class: "series-" + index % 6 }, "● ", h("span", null, by.name + " " + group + " "))));
  return [picture, legend].filter((part) => part !== null);
}

function medianLine(points, place, toX, toY, index) {
  const at = new Map();
  for (const point of points) at.set(place(point), [...at.get(place(point)) ?? [], point.y]);
  const median = (values) => {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = Math.floor(sorted.length / 2);
    return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  };
  const line = [...at].sort(([a], [b]) => a - b).map(([key, values]) => toX(key).toFixed(1) + "," + toY(median(values)).toFixed(1));
  return svg("polyline", { class: "line series-" + index % 6, points: line.join(" "), fill: "none" });
}
`;
