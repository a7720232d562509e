import { MemoryStore } from "./memory_store.ts";
import { testStoreContract } from "./store_contract_suite.ts";

testStoreContract("memory store", () => Promise.resolve(new MemoryStore()));
