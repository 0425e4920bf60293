import { memoryRunStore } from "../../lib/ledger/memory.ts";
import { holdToContract } from "./contract.ts";

holdToContract("memoryLedger()", () => Promise.resolve(memoryRunStore()));
