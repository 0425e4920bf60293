/** `deno task bench <name>`: prints the measurements. Exits with 1 when a goal is missed. */

type Bench = (print: (line: string) => void, args: readonly string[]) => Promise<number>;

const BENCHES: Readonly<Record<string, Bench>> = {
  start: async (print) => await (await import("./start.ts")).benchStart(print),
  "poll-interval": async (print) => {
    (await import("./poll_interval.ts")).benchPollInterval(print);
    return 0;
  },
  binary: async (print) => await (await import("./binary.ts")).benchBinary(print),
  cloud: async (print) => await (await import("./cloud.ts")).benchCloud(print),
  history: async (print) => await (await import("./history.ts")).benchHistory(print),
  scale: async (print, args) => await (await import("./scale.ts")).benchScale(print, args),
  inputs: async (print) => await (await import("./inputs.ts")).benchInputs(print),
};

if (import.meta.main) {
  const [name = "", ...args] = Deno.args;
  const bench = BENCHES[name];
  if (bench === undefined) {
    console.error(`Cannot run the bench "${name}": there are ${Object.keys(BENCHES).join(", ")}`);
    Deno.exit(2);
  }
  Deno.exit(await bench((line) => console.log(line), args));
}
