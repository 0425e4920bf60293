import { array, looseObject, safeParse, string } from "../../lib/deps/zod.ts";

console.log(JSON.stringify(safeParse(array(looseObject({ name: string() })), [])));
