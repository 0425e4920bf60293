const ROOT = new URL("../../", import.meta.url);
/** A path with unusual characters. */
const PREFIX = "/x%20y/~v1/";

export interface Sources extends AsyncDisposable {
  /** Of the checkout's folder, with a slash at its end. */
  readonly url: string;
  /** Paths, each as often as it was requested. */
  readonly served: readonly string[];
}

/** A plain file server: a path is a file, and its extension determines the content type. */
export function serveCheckout(): Sources {
  const served: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    const path = pathname.slice(PREFIX.length);
    if (!pathname.startsWith(PREFIX) || !/^(main\.ts|lib\/[\w/.]+|inputs\/[\w-]+\.json)$/.test(path)) {
      return new Response("Not found", { status: 404 });
    }
    served.push(path);
    try {
      const body = await Deno.readFile(new URL(path, ROOT));
      return new Response(body, {
        headers: { "content-type": path.endsWith(".json") ? "application/json" : "application/typescript" },
      });
    } catch {
      return new Response("Not found", { status: 404 });
    }
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}${PREFIX}`,
    served,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
