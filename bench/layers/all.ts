import { array, looseObject, safeParse, string } from "../../lib/deps/zod.ts";
import { workflows } from "./workflows.ts";

console.log(JSON.stringify(safeParse(array(looseObject({ name: string() })), await workflows())));
