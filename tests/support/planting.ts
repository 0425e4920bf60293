/** A server that repeats secrets in everything it answers. */

/**
 * With quotes, a backslash and line breaks, and one of the shortest that are redacted, with a character that no random id has.
 */
export const PLANTED = ['pl"ant\\ed\nsec  ret', "q7~x"] as const;

/** What a server may answer beside the slugs and names by which a run is found. */
export const PLANTED_FIELDS = ["texts", "job names", "statuses of jobs", "a status of the run", "times"] as const;
export type PlantedField = typeof PLANTED_FIELDS[number];

/** Every form in which a secret must not be seen. */
const FORMS: readonly string[] = PLANTED.flatMap((secret) => {
  const escaped = JSON.stringify(secret).slice(1, -1);
  return [
    secret,
    secret.replaceAll(/\s+/g, " "),
    escaped,
    JSON.stringify(escaped).slice(1, -1),
    encodeURIComponent(secret),
    ...["", "x", "xx"].map((before) => stableBase64(secret, before)),
  ];
});

/** All forms of all secrets, as a server may send them. */
export const PLANTED_TEXT: string = [
  ...FORMS,
  ...PLANTED.flatMap((secret) => ["", "x", "xx"].map((before) => btoa(`${before}${secret}:`))),
].join(" ");

/** What of the secrets a text shows; empty when it shows nothing. */
export function plantedIn(text: string): readonly string[] {
  return FORMS.filter((form) => text.includes(form));
}

/** What the base64 of a text consists of regardless of what comes after it. */
function stableBase64(secret: string, before: string): string {
  const bits = 8 * (before.length + secret.length);
  return btoa(before + secret).slice(Math.ceil(8 * before.length / 6), Math.floor(bits / 6));
}

/** What distinguishes runs and workflows, and what the program's decisions depend on. */
const KEPT = new Set([
  ...["id", "slug", "number", "user", "username", "status", "yaml", "inputs", "createdAt", "completedAt", "kind"],
  ...["workflowName", "workflowId", "organization", "executedJobs"],
]);

/** Sends requests to the server and adds the secrets to what it answers. */
export function plantingFetch(field: PlantedField, send: typeof fetch = fetch): typeof fetch {
  return async (input, init) => {
    const response = await send(unplanted(String(input)), init);
    if (response.status === 204 || response.status === 304) return response;
    const text = await response.text();
    const type = response.headers.get("content-type") ?? "";
    const planted = response.ok ? plantedBody(text, { field, type, url: String(input) }) : errorBody(response.status);
    const headers = new Headers(response.headers);
    headers.delete("content-length");
    if (!response.ok) headers.set("content-type", response.status % 2 === 0 ? "application/json" : "text/plain");
    return new Response(planted, { status: response.status, headers });
  };
}

function unplanted(url: string): string {
  return url.replaceAll(encodeURIComponent(` ${PLANTED_TEXT}`), "").replaceAll(
    encodeURIComponent(PLANTED_TEXT.replaceAll("/", "")),
    "",
  );
}

function errorBody(status: number): string {
  const errors = [PLANTED_TEXT, { pointer: `#/inputs/${encodeURIComponent(PLANTED_TEXT)}`, detail: PLANTED_TEXT }];
  switch (status % 4) {
    case 0:
      return JSON.stringify({ error: true, message: PLANTED_TEXT, code: PLANTED_TEXT, errors });
    case 2:
      return JSON.stringify({ type: "about:blank", title: PLANTED_TEXT, detail: PLANTED_TEXT, errors });
    default:
      return PLANTED_TEXT;
  }
}

function plantedBody(
  text: string,
  { field, type, url }: { readonly field: PlantedField; readonly type: string; readonly url: string },
): string {
  if (!type.includes("json")) return field === "texts" && !/yaml/.test(url) ? `${text}${PLANTED_TEXT}` : text;
  const value: unknown = JSON.parse(text);
  if (typeof value === "string") {
    return JSON.stringify(`${value}::error title=${PLANTED_TEXT}::${PLANTED_TEXT}\n${PLANTED_TEXT}\n`);
  }
  return JSON.stringify(plantedValue(value, field));
}

function plantedValue(value: unknown, field: PlantedField): unknown {
  if (Array.isArray(value)) return value.map((item) => plantedValue(item, field));
  if (typeof value !== "object" || value === null) {
    return typeof value === "string" && field === "texts" ? `${PLANTED_TEXT} ${value}` : value;
  }
  const members = Object.entries(value).map(([name, member]): [string, unknown] => {
    if (name === "executedJobs") return [name, plantedJobs(member, field)];
    if (name === "name" && "yaml" in value) return [name, member];
    return [name, KEPT.has(name) ? member : plantedValue(member, field)];
  });
  if (!("executedJobs" in value || "workflowName" in value)) return Object.fromEntries(members);
  return { ...Object.fromEntries(members), ...plantedRun(value, field) };
}

function plantedRun(run: object, field: PlantedField): object {
  switch (field) {
    case "texts":
      return {
        statusReason: `because ${PLANTED_TEXT}`,
        links: { [PLANTED_TEXT]: { url: `https://example.com/${PLANTED_TEXT}`, endpoint: PLANTED_TEXT } },
      };
    case "a status of the run":
      return "status" in run && run.status === "running" ? { status: `running ${PLANTED_TEXT}` } : {};
    case "times": {
      const time = "completedAt" in run ? run.completedAt : null;
      return { createdAt: PLANTED_TEXT, ...(time === null ? {} : { completedAt: PLANTED_TEXT }) };
    }
    default:
      return {};
  }
}

function plantedJobs(jobs: unknown, field: PlantedField): unknown {
  if (typeof jobs !== "object" || jobs === null) return jobs;
  return Object.fromEntries(
    Object.entries(jobs).map(([name, job]) => {
      const isName = field === "job names";
      return [isName ? `${name} ${PLANTED_TEXT}` : name, plantedJob(job, field)];
    }),
  );
}

function plantedJob(job: object, field: PlantedField): unknown {
  const outputs = JSON.stringify({ [PLANTED_TEXT]: PLANTED_TEXT });
  const withStatus = (item: object) =>
    field === "statuses of jobs" && "status" in item && item.status !== "error"
      ? { ...item, status: `${item.status} ${PLANTED_TEXT}` }
      : item;
  const steps = "steps" in job && Array.isArray(job.steps) ? job.steps : [];
  return {
    ...withStatus(job),
    ...(field === "texts" ? { outputs } : {}),
    steps: steps.map((step) =>
      field === "texts" ? { ...step, name: `${step.name} ${PLANTED_TEXT}` } : withStatus(step)
    ),
  };
}
