import { workflows } from "./workflows.ts";

console.log(JSON.stringify(await workflows()));
