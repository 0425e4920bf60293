/** The user that a credential belongs to. */
export interface Identity {
  /** User name, as in `pw://user/name`. */
  readonly user: string;
  /** `null` when the server does not report it. */
  readonly fullName: string | null;
  /** `null` when the server does not report it. */
  readonly email: string | null;
  /** `null` when the server does not report it. */
  readonly organization: string | null;
}

/** The host and user that a submission belongs to. */
export interface Owner {
  /** Host name, with its port if that is not the default one. */
  readonly host: string;
  /** User name on that host. */
  readonly user: string;
}

/** Whether it belongs to this host and user, as far as they are given. A server may write the user of a run differently. */
export function isOwnedBy(
  { owner }: { readonly owner: Owner },
  { host = owner.host, user = owner.user }: Partial<Owner>,
): boolean {
  return owner.host === host && owner.user.toLowerCase() === user.toLowerCase();
}
