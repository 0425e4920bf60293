/**
 * A platform that holds any number of runs: those whose slugs begin with `open-` never end, the others take half a minute.
 * It answers as the simulator does, which searches its runs one by one.
 */

export interface Platform extends AsyncDisposable {
  readonly host: string;
  readonly key: string;
  /** Requests so far, by operation. */
  readonly requests: ReadonlyMap<string, number>;
  /** When each run was submitted, by `nowMs` and in real time. */
  readonly submits: ReadonlyMap<string, { readonly nowMs: number; readonly realMs: number }>;
  /** Submits of a slug that a run has already. */
  duplicates(): number;
  setNow(nowMs: number): void;
}

const RUN_MS = 30_000;
const YAML = "jobs:\n  main:\n    steps:\n      - name: work\n        run: sleep 30\n";

export function startPlatform({ openRuns }: { readonly openRuns: number }): Platform {
  let nowMs = 0;
  let duplicates = 0;
  const requests = new Map<string, number>();
  const submits = new Map<string, { nowMs: number; realMs: number; displayName: string }>();
  const count = (operation: string) => void requests.set(operation, (requests.get(operation) ?? 0) + 1);
  const runOf = (slug: string) => {
    const submit = submits.get(slug);
    if (submit === undefined && !slug.startsWith("open-")) return undefined;
    const startedMs = submit?.nowMs ?? 0;
    const isOver = submit !== undefined && nowMs - startedMs >= RUN_MS;
    return {
      id: slug,
      slug,
      user: "demo",
      status: isOver ? "completed" : "running",
      workflowName: slug.replace(/-[^-]*$/, ""),
      createdAt: new Date(startedMs).toISOString(),
      ...(isOver ? { completedAt: new Date(startedMs + RUN_MS).toISOString() } : {}),
      displayName: submit?.displayName ?? slug,
    };
  };
  const detailOf = (slug: string) => {
    const run = runOf(slug);
    const step = { name: "work", run: "sleep 30", status: run?.status };
    return run && { ...run, executedJobs: { main: { status: run.status, needs: [], steps: [step] } }, inputs: {} };
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const [, resource = "", name] = /^\/api\/([^/]+)(?:\/(.+))?$/.exec(pathname) ?? [];
    if (resource === "workflow-runs" && request.method === "POST") {
      const { slug, displayName } = await request.json();
      count("submit");
      if (submits.has(slug)) {
        duplicates++;
        return Response.json({ errors: [{ message: "slug is taken" }] }, { status: 409 });
      }
      submits.set(slug, { nowMs, realMs: performance.now(), displayName });
      return Response.json({ run: runOf(slug) });
    }
    if (resource === "workflow-runs" && name !== undefined) {
      count("get run");
      const run = detailOf(name);
      return run === undefined ? new Response(null, { status: 404 }) : Response.json(run);
    }
    if (resource === "workflow-runs") {
      count("list runs");
      const [offset, limit] = [Number(searchParams.get("offset") ?? 0), Number(searchParams.get("limit") ?? 100)];
      const length = Math.max(0, Math.min(limit, openRuns - offset));
      return Response.json({
        runs: Array.from({ length }, (_, index) => runOf(`open-${offset + index}`)),
        total: openRuns,
      });
    }
    if (resource === "auth") {
      count("identify");
      return Response.json({ username: "demo", email: "demo@example.com" });
    }
    if (resource === "workflows" && name?.endsWith("/yaml")) {
      count("get workflow");
      return new Response(YAML);
    }
    count("get workflow");
    return Response.json({ id: "6b077cf2512cd09effa3da65", name, slug: name, displayName: name, yaml: YAML });
  });
  const host = `127.0.0.1:${server.addr.port}`;
  return {
    host,
    key: `pwt_${btoa(`http://${host}`).replaceAll("=", "")}.benchbenchbench`,
    requests,
    submits,
    duplicates: () => duplicates,
    setNow: (instantMs) => void (nowMs = instantMs),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
