/** What a case shows when it is opened: built only then. */
export const DETAILS_SCRIPT = String.raw`
function section(title, ...children) {
  const content = children.flat(9).filter((child) => child !== null && child !== undefined && child !== false);
  return content.length === 0 ? null : h("section", null, h("h3", null, title), content);
}

function detailsOf(one) {
  const isUnmet = one.expectations.some(({ isMet }) => !isMet);
  return h("div", { class: "details" },
    reasonsSection(one),
    isUnmet && expectationsSection(one),
    metricsSection(one),
    attemptsSection(one),
    trendSection(one),
    valuesSection("Inputs", one.inputs),
    valuesSection("Outputs", one.outputs),
    !isUnmet && expectationsSection(one),
    factsSection(one));
}

function reasonsSection(one) {
  const reasons = one.reasons.map((reason) => h("p", { class: "reason" }, reason));
  const actions = h("p", { class: "actions" },
    one.repeat && copyButton("Copy command", one.repeat),
    one.reasons.length > 0 && copyButton("Copy failure as text", () => failureText(one)),
    copyButton("Copy link", () => location.href.split(/[?#]/)[0] + "#" + one.anchor));
  return h("section", null, reasons, actions, one.repeat && h("pre", { class: "command", tabindex: "0" }, one.repeat));
}

function failureText(one) {
  const last = lastOf(one);
  return [
    one.suite + ": " + one.name + " " + verdictText(one.verdict),
    ...one.reasons,
    last?.slug ? "Run: " + last.slug + (last.url ? " " + last.url : "") : "",
    last && last.resources.length > 0 ? "Where: " + last.resources.join(", ") : "",
    one.repeat ? "Repeat: " + one.repeat : "",
    last?.log ?? "",
  ].filter((line) => line !== "").join("\n");
}

function table(label, head, rows) {
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": label },
    h("table", null,
      h("thead", null, h("tr", null, head.map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", null, rows)));
}

function signCell(isMet, isKnown) {
  const [tone, sign, text] = isMet ? ["success", "✓", "met"] : isKnown ? ["neutral", "~", "known failure"] : ["error", "✗", "not met"];
  return h("td", { class: "sign " + tone }, h("span", { "aria-hidden": "true" }, sign), h("span", { class: "visually-hidden" }, text));
}

function expectationsSection(one) {
  const isKnown = one.expectations.some(({ knownFailure }) => knownFailure !== null);
  const rows = [...one.expectations].sort((a, b) => Number(a.isMet) - Number(b.isMet)).map((each) => h("tr", null,
    signCell(each.isMet, each.knownFailure !== null),
    h("td", { class: "mono" }, each.path), h("td", { class: "sign success" }, each.expected),
    h("td", { class: each.isMet ? null : "sign error" }, each.actual),
    isKnown && h("td", null, each.knownFailure === null ? "" : each.knownFailure.reason + (each.knownFailure.issue ? " (" + each.knownFailure.issue + ")" : ""))));
  return rows.length > 0 && section("Expectations", table("Expectations", ["Met", "What", "Expected", "Got", ...isKnown ? ["Known failure"] : []], rows));
}

function metricsSection(one) {
  const rows = one.metrics.map((metric) => {
    const before = (one.trend?.points ?? []).map(({ metrics }) => metrics[metric.name] ?? null);
    return h("tr", null, signCell(metric.isMet, false), h("td", { class: "mono" }, metric.name),
      h("td", { class: "number" }, metric.value === null ? "not found" : numberText(metric.value) + (metric.unit ? " " + metric.unit : "")),
      h("td", null, metric.expected ?? "no reference"),
      h("td", null, sparkline([...before, metric.value], metric.name)));
  });
  return rows.length > 0 && section("Metrics", table("Metrics", ["Met", "Metric", "Value", "Expected", "Trend"], rows));
}

function attemptsSection(one) {
  if (one.attempts.length === 0) return null;
  const starts = one.attempts.map(({ startedAtMs }) => startedAtMs).filter((ms) => ms !== null);
  const first = starts.length === one.attempts.length ? Math.min(...starts) : null;
  let after = 0;
  const spans = one.attempts.map((attempt) => {
    const [queue, run] = [attempt.queueSeconds ?? 0, attempt.runSeconds ?? 0];
    const start = first === null ? after : (attempt.startedAtMs - first) / 1000;
    after = start + queue + run;
    return { start, queue, run, end: after };
  });
  const total = Math.max(...spans.map(({ end }) => end), 1e-9);
  return section(one.attempts.length === 1 ? "Run" : "Attempts",
    h("ol", { class: "attempts" }, one.attempts.map((attempt, index) => attemptItem(attempt, index, one, spans[index], total))));
}

function attemptItem(attempt, index, one, span, total) {
  const isPassed = attempt.reason === null;
  const name = one.attempts.length === 1 ? "" : "Attempt " + (index + 1) + " ";
  const failedSteps = attempt.steps.filter(({ status }) => STEP_TONES[status] === "error").length;
  const steps = attempt.steps.length > 0 && h("details", { open: attempt.steps.length <= 12 || failedSteps > 0 },
    h("summary", null, counted(attempt.steps.filter(({ kind }) => kind === "job").length, "job") + ", " +
      counted(attempt.steps.filter(({ kind }) => kind === "step").length, "step")),
    h("ol", { class: "steps" }, attempt.steps.map(stepItem)));
  const log = attempt.log !== "" && h("div", { class: "log" }, h("p", { class: "actions" }, h("span", { class: "muted" }, "End of the log "), copyButton("Copy log", attempt.log)),
    h("pre", { tabindex: "0", "aria-label": "End of the log" }, attempt.log));
  const isLast = index === one.attempts.length - 1;
  const evidence = isLast || !(steps || log) ? [steps, log]
    : h("details", { ontoggle: (event) => scrollLogs(event.target) }, h("summary", null, "Steps and log"), steps, log);
  return h("li", null,
    h("p", { class: "attempt" }, h("strong", { class: isPassed ? "success" : "error" }, name + attempt.status), " ",
      attempt.slug && (attempt.url ? h("a", { href: attempt.url, rel: "noreferrer noopener", target: "_blank" }, attempt.slug) : h("code", null, attempt.slug)),
      attempt.slug && copyButton("Copy run", attempt.slug),
      attempt.resources.length > 0 && h("span", { class: "muted" }, " on " + attempt.resources.join(", ")),
      attempt.cause === "infra" && h("span", { class: "chip warning" }, "platform"),
      attempt.startedAtMs !== null && h("span", { class: "muted" }, " " + timeText(attempt.startedAtMs)),
      attempt.links.map(({ name, url }) => h("a", { href: url, rel: "noreferrer noopener", target: "_blank" }, " " + name))),
    timeline(attempt, span, total),
    !isPassed && one.attempts.length > 1 && attempt.reason && h("p", { class: "reason" }, attempt.reason),
    evidence);
}

/** What went wrong is at the end. */
function scrollLogs(element) {
  for (const pre of element.querySelectorAll(".log pre")) pre.scrollTop = pre.scrollHeight;
}

function timeline(attempt, span, total) {
  if (attempt.queueSeconds === null && attempt.runSeconds === null) return null;
  const part = (kind, start, seconds, known) => {
    if (!known || seconds === null) return null;
    const bar = h("span", { class: "bar " + kind });
    bar.style.left = 100 * start / total + "%";
    bar.style.width = Math.max(0.4, 100 * seconds / total) + "%";
    return bar;
  };
  const texts = [
    attempt.queueSeconds === null ? "" : "queued " + durationText(attempt.queueSeconds),
    attempt.runSeconds === null ? "" : "ran " + durationText(attempt.runSeconds),
  ].filter((text) => text !== "").join(", ");
  const tone = attempt.reason === null ? "success" : "error";
  return h("div", { class: "timeline" },
    h("div", { class: "track", "aria-hidden": "true" },
      part("queue", span.start, span.queue, attempt.queueSeconds), part("run " + tone, span.start + span.queue, span.run, attempt.runSeconds !== null)),
    h("span", { class: "muted" }, texts));
}

function stepItem({ kind, depth, name, status }) {
  const item = h("li", { class: kind }, h("span", { class: "dot " + (STEP_TONES[status] ?? "neutral"), "aria-hidden": "true" }),
    h("span", null, name), h("span", { class: "muted" }, status));
  item.style.paddingLeft = depth * 1.1 + "rem";
  return item;
}

function trendSection(one) {
  const trend = one.trend;
  if (trend === null || trend.points.length === 0) return null;
  const seconds = [...trend.points.map(({ runSeconds }) => runSeconds), secondsOf(one)];
  const strip = h("ol", { class: "strip", "aria-label": "Verdicts of earlier runs, the oldest first" }, trend.points.map((point) => {
    const text = timeText(point.atMs) + ": " + verdictText(point.verdict) + (point.isFlaky ? ", flaky" : "") +
      (point.runSeconds === null ? "" : ", " + durationText(point.runSeconds));
    return h("li", { class: LOOKS[point.verdict].tone + (point.isFlaky ? " flaky" : ""), title: text }, h("span", { class: "visually-hidden" }, text));
  }));
  const facts = [
    trend.failingSinceMs === null ? "" : "failing since " + dateText(trend.failingSinceMs),
    trend.change === "recovered" ? "recovered" : "",
    trend.flakinessRate > 0 ? Math.round(100 * trend.flakinessRate) + " % flaky" : "",
    trend.usualSeconds === null ? "" : "usually " + durationText(trend.usualSeconds),
    trend.skipStreak > 1 ? "skipped in " + trend.skipStreak + " runs in a row" : "",
  ].filter((fact) => fact !== "");
  return section("Earlier runs", h("div", { class: "history" }, strip, sparkline(seconds, "Run time in seconds")),
    facts.length > 0 && h("p", { class: "muted" }, facts.join(" · ")));
}

function valuesSection(title, values) {
  if (values === null || Object.keys(values).length === 0) return null;
  const text = JSON.stringify(values, null, 2);
  return h("section", null, h("details", null, h("summary", null, title + " (" + Object.keys(values).length + ")"),
    h("p", { class: "actions" }, copyButton("Copy as JSON", text)), h("pre", { tabindex: "0", "aria-label": title }, text)));
}

function factsSection(one) {
  const facts = { Workflow: one.workflow, File: one.file, Tags: one.tags.join(", "), ...one.parameters };
  const items = Object.entries(facts).filter(([, value]) => value).map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value)));
  return h("dl", { class: "case-facts" }, items);
}
`;
