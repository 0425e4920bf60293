import { memoryRunStore } from "../../lib/store/memory_run_store.ts";
import { holdToContract } from "./contract.ts";

holdToContract("memoryLedger()", () => Promise.resolve(memoryRunStore()));
