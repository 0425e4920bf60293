/** The project's own `deno lint` rules: below `lib/cli/`, time, randomness, network and environment are parameters. */

const ROOT = new URL("../../", import.meta.url);

const AMBIENT_MEMBERS = new Set([
  "Deno.args",
  "Deno.env",
  "Deno.exit",
  "Deno.exitCode",
  "Deno.stdin",
  "Deno.stdout",
  "Deno.stderr",
  "Date.now",
  "Math.random",
  "crypto.getRandomValues",
  "crypto.randomUUID",
  "performance.now",
  "AbortSignal.timeout",
]);
const AMBIENT_CALLS = new Set(["fetch", "setTimeout", "setInterval", "alert", "confirm", "prompt"]);

/** The files below `lib/cli/` that may use a global, and which. */
export const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  "lib/system.ts": ["Deno.env", "Math.random"],
  "lib/clock.ts": ["Date.now", "performance.now", "AbortSignal.timeout"],
  "lib/platform/http.ts": ["fetch"],
  // The defaults of the library's one call.
  "lib/runs/run_workflow.ts": ["fetch"],
  // Two processes, or two tests with one seed, must never write the same versionstamp.
  "lib/store/kv.ts": ["crypto.getRandomValues"],
};

const noAmbient: Deno.lint.Rule = {
  create(context) {
    const path = pathOf(context.filename);
    if (!path.startsWith("lib/") || path.startsWith("lib/cli/")) return {};
    const allowed = new Set(ALLOWED[path]);
    const bound = new Set<string>();
    const found: { readonly node: Deno.lint.Node; readonly name: string }[] = [];
    const bind = (node: Deno.lint.Node | null) => node?.type === "Identifier" && bound.add(node.name);
    return {
      MemberExpression(node) {
        const name = memberName(node);
        if (name === undefined) return;
        const isAmbient = name.startsWith("console.") || AMBIENT_MEMBERS.has(name) || AMBIENT_CALLS.has(name);
        if (isAmbient) found.push({ node, name });
      },
      CallExpression({ callee }) {
        if (callee.type === "Identifier" && AMBIENT_CALLS.has(callee.name)) {
          found.push({ node: callee, name: callee.name });
        }
      },
      NewExpression(node) {
        if (node.callee.type !== "Identifier" || node.callee.name !== "Date" || node.arguments.length > 0) return;
        found.push({ node, name: "new Date()" });
      },
      // A parameter, a local or an import of the same name is not the global.
      ImportSpecifier: (node) => void bind(node.local),
      VariableDeclarator: (node) => void bindingsOf(node.id).forEach(bind),
      FunctionDeclaration: (node) => {
        bind(node.id);
        node.params.flatMap(bindingsOf).forEach(bind);
      },
      FunctionExpression: (node) => node.params.flatMap(bindingsOf).forEach(bind),
      ArrowFunctionExpression: (node) => node.params.flatMap(bindingsOf).forEach(bind),
      "Program:exit"() {
        for (const { node, name } of found) {
          if (allowed.has(name) || bound.has(name.split(".")[0] ?? name)) continue;
          context.report({
            node,
            message: `${name} is not available below lib/cli/`,
            hint: "Take it as a parameter: a clock, random, fetch, env, log",
          });
        }
      },
    };
  },
};

/** `deno compile` and the architecture test do not see `await import(name)`. */
const literalImport: Deno.lint.Rule = {
  create(context) {
    return {
      ImportExpression(node) {
        if (node.source.type === "Literal") return;
        context.report({ node, message: "A dynamic import must name its file as a literal" });
      },
    };
  },
};

const namedExports: Deno.lint.Rule = {
  create(context) {
    if (!pathOf(context.filename).startsWith("lib/")) return {};
    return {
      ExportAllDeclaration: (node) => context.report({ node, message: "Export by name: list what the file exports" }),
      ExportDefaultDeclaration: (node) => context.report({ node, message: "Export by name, not as default" }),
    };
  },
};

const noModuleState: Deno.lint.Rule = {
  create(context) {
    if (!pathOf(context.filename).startsWith("lib/")) return {};
    return {
      Program(program) {
        for (const statement of program.body) {
          const node = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
          if (node?.type !== "VariableDeclaration" || node.kind === "const") continue;
          context.report({ node, message: "A module has no state: only constants at top level" });
        }
      },
    };
  },
};

const plugin: Deno.lint.Plugin = {
  name: "project",
  rules: {
    "no-ambient": noAmbient,
    "literal-import": literalImport,
    "named-exports": namedExports,
    "no-module-state": noModuleState,
  },
};

export default plugin;

function pathOf(filename: string): string {
  const href = filename.startsWith("file:") ? filename : new URL(`file://${filename.replaceAll("\\", "/")}`).href;
  return href.startsWith(ROOT.href) ? href.slice(ROOT.href.length) : href;
}

/** "Date.now" for `Date.now` and `globalThis.Date.now`; "fetch" for `globalThis.fetch`. */
function memberName(node: Deno.lint.MemberExpression): string | undefined {
  const { object } = node;
  const property = propertyName(node);
  if (property === undefined) return undefined;
  if (object.type === "Identifier") return object.name === "globalThis" ? property : `${object.name}.${property}`;
  if (object.type !== "MemberExpression" || object.object.type !== "Identifier") return undefined;
  return object.object.name === "globalThis" ? `${memberName(object)}.${property}` : undefined;
}

function propertyName({ property, computed }: Deno.lint.MemberExpression): string | undefined {
  if (property.type === "Identifier" && !computed) return property.name;
  if (property.type === "Literal" && typeof property.value === "string") return property.value;
  return undefined;
}

function bindingsOf(pattern: Deno.lint.Node | Deno.lint.Parameter): readonly Deno.lint.Node[] {
  switch (pattern.type) {
    case "Identifier":
      return [pattern];
    case "AssignmentPattern":
      return bindingsOf(pattern.left);
    case "RestElement":
      return bindingsOf(pattern.argument);
    case "ArrayPattern":
      return pattern.elements.flatMap((element) => element === null ? [] : bindingsOf(element));
    case "ObjectPattern":
      return pattern.properties.flatMap((property) =>
        bindingsOf(property.type === "Property" ? property.value : property)
      );
    default:
      return [];
  }
}
