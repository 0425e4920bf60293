import { parseArgs } from "../../lib/deps/gunshi.ts";

console.log(JSON.stringify(parseArgs(["--json"])));
