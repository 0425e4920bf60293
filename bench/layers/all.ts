import { parseArgs } from "../../lib/deps/gunshi.ts";
import { array, looseObject, safeParse, string } from "../../lib/deps/zod.ts";
import { workflows } from "./workflows.ts";

parseArgs(["--json"]);
console.log(JSON.stringify(safeParse(array(looseObject({ name: string() })), await workflows())));
