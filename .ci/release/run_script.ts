/** Runs a script's main function with the arguments of the command line, and exits with its code, or with 1 for an error. */
export async function runScript(main: (args: readonly string[]) => Promise<number>): Promise<never> {
  try {
    return Deno.exit(await main(Deno.args));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return Deno.exit(1);
  }
}
