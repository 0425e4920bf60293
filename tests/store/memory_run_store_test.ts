import { memoryRunStore } from "../../lib/store/memory_run_store.ts";
import { testRunStore } from "./contract.ts";

testRunStore("memoryRunStore()", () => Promise.resolve(memoryRunStore()));
