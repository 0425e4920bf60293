/** A platform with one run, whose log is as long as asked. Prints its port; a process of its own, like a real one. */

const LINE = `${"2026-01-05 09:00:00 INFO iteration 128: residual 1.234e-05, continuity ok ".padEnd(99, ".")}\n`;
const LINES = 640;
const TEXT = LINE.repeat(LINES);
const RUN = {
  id: "1",
  slug: "long-1",
  number: 1,
  status: "completed",
  workflowName: "long",
  user: "demo",
  createdAt: "2026-01-05T09:00:00Z",
  completedAt: "2026-01-05T10:00:00Z",
  executedJobs: { main: { status: "completed", steps: [{ name: "print", status: "completed" }] } },
};

const BODIES = {
  json: { type: "application/json", around: '"', piece: TEXT.replaceAll("\n", "\\n") },
  text: { type: "text/plain", around: "", piece: TEXT },
} as const;

function body(format: keyof typeof BODIES, mebibytes: number): Response {
  const { type, around, piece } = BODIES[format];
  const encoder = new TextEncoder();
  const bytes = encoder.encode(piece);
  const count = Math.ceil(mebibytes * 1024 * 1024 / TEXT.length);
  let sent = -1;
  const stream = new ReadableStream({
    type: "bytes",
    pull(controller) {
      sent++;
      const isInside = sent > 0 && sent <= count;
      if (isInside) controller.enqueue(bytes.slice());
      else if (around !== "") controller.enqueue(encoder.encode(around));
      if (sent > count) controller.close();
      // A pull without a piece would not be repeated.
      else if (!isInside && around === "") this.pull?.(controller);
    },
  });
  return new Response(stream, { headers: { "content-type": type } });
}

if (import.meta.main) {
  const [format, mebibytes] = Deno.args;
  const onListen = ({ port }: { readonly port: number }) => console.log(port);
  Deno.serve({ hostname: "127.0.0.1", port: 0, onListen }, (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (!pathname.startsWith("/api/workflow-runs/")) return new Response(null, { status: 404 });
    if (!pathname.endsWith("/files")) return Response.json(RUN);
    if (searchParams.get("file")?.endsWith(".1")) return new Response(null, { status: 404 });
    return body(format === "json" ? "json" : "text", Number(mebibytes));
  });
}
