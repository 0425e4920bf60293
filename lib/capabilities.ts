import type { KeyGuarantee } from "./events.ts";

/** `current`: `/api/workflow-runs`. `legacy`: `/api/workflows/{workflow}/runs`. */
export type ApiVersion = "current" | "legacy";

/** What was observed of a server. An absent field has not been observed yet. */
export interface ServerCapabilities {
  /** Which of the two sets of routes the server offers. */
  readonly apiVersion?: ApiVersion;
  /** Milliseconds since the epoch. */
  readonly apiVersionCheckedAtMs?: number;
  /** True if a run keeps the slug that we submitted. */
  readonly keepsSlug?: boolean;
  /** True if the server rejects a second submit with the same slug. */
  readonly refusesDuplicateSlug?: boolean;
  /** What was last reported about idempotency keys on this server. */
  readonly reportedKeyGuarantee?: KeyGuarantee;
  /** Milliseconds since the epoch: it asked a process that tracks many runs not to send requests before. */
  readonly pausedUntilMs?: number;
}

/** Where that is kept for later processes, by host. Methods throw StorageError. */
export interface CapabilitiesStore {
  /** `{}` when nothing is known. */
  capabilities(host: string): Promise<ServerCapabilities>;
  /** Adds to what is known, field by field. */
  updateCapabilities(host: string, facts: ServerCapabilities): Promise<void>;
}
