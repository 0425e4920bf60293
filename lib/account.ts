/** Who the credential belongs to. */
export interface Identity {
  /** Who it is. */
  readonly user: string;
  /** As people read it. */
  readonly fullName: string | null;
  /** Where to write to. */
  readonly email: string | null;
  /** Which organization it belongs to. */
  readonly organization: string | null;
}

/** Whose records these are. */
export interface Owner {
  /** The platform's host name, with its port where it is not the usual one. */
  readonly host: string;
  /** Who it is. */
  readonly user: string;
}
