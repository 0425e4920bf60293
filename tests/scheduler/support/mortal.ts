/** A process that dies at any of its operations on the store or the platform. */

import type { Client } from "../../../lib/platform/client.ts";
import type { Service } from "../../../lib/scheduler/service.ts";
import type { StoreBackend } from "../../../lib/store/backend.ts";
import { createKv } from "../../../lib/store/kv.ts";
import type { ServiceStage } from "../../support/service.ts";

export interface Life {
  /** Calls `act`, unless this life has ended. */
  call<T>(name: string, act: () => Promise<T>): Promise<T>;
  isEnded(): boolean;
  /** The operation it ended with; empty if it has not ended. */
  endedWith(): string;
  /** Operations so far. */
  count(): number;
}

/**
 * Ends permanently with the n-th operation of the store or the platform, counted from 0, or with the first of a name.
 *
 * @param isApplied Whether the last operation takes effect; its response is lost either way.
 */
export function aLife({ end, isApplied }: { readonly end: number | string; readonly isApplied: boolean }): Life {
  let count = 0;
  let cause: string | undefined;
  const killed = () => new Error("killed");
  return {
    async call(name, act) {
      if (cause !== undefined) throw killed();
      if (name === end || count++ === end) {
        cause = name;
        if (isApplied) await act();
      }
      if (cause !== undefined) throw killed();
      const result = await act();
      if (cause !== undefined) throw killed();
      return result;
    },
    isEnded: () => cause !== undefined,
    endedWith: () => cause ?? "",
    count: () => count,
  };
}

/** A process of a stage that lives so long. */
export async function mortal(stage: ServiceStage, life: Life): Promise<Service> {
  const service = await stage.isolate({ kv: createKv(mortalBackend(stage.backend, life)) });
  return { ...service, deps: { ...service.deps, client: mortalClient(service.deps.client, life) } };
}

export function mortalBackend(backend: StoreBackend, life: Life): StoreBackend {
  return {
    ...backend,
    read: (keys) => life.call("read", () => backend.read(keys)),
    page: (query) => life.call("page", () => backend.page(query)),
    write: (write) => life.call("write", () => backend.write(write)),
  };
}

function mortalClient(client: Client, life: Life): Client {
  return new Proxy(client, {
    get(target, name) {
      const member = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) =>
        life.call(String(name), () => Promise.resolve(Reflect.apply(member, target, args)));
    },
  });
}
