import { createKv } from "../../lib/store/kv.ts";
import { memoryBackend } from "../../lib/store/memory_kv.ts";
import { holdToContract } from "./kv_contract.ts";

holdToContract("memory", { open: () => Promise.resolve(createKv(memoryBackend())) });
