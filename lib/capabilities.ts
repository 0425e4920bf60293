/** `flat`: `/api/workflow-runs`. `nested`: the older `/api/workflows/{workflow}/runs`. */
export type ApiVersion = "current" | "legacy";

/** What a host is known to do. An absent field is not known. */
export interface ServerCapabilities {
  /** Which family of routes it speaks. */
  readonly apiVersion?: ApiVersion;
  /** When that was asked, milliseconds since the epoch. */
  readonly apiVersionCheckedAtMs?: number;
  /** A run submitted with our slug bears it. */
  readonly keepsSlug?: boolean;
  /** A second submit with the same slug is refused. */
  readonly refusesDuplicateSlug?: boolean;
}
