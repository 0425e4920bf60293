/**
 * The runtime's network errors have no code: they differ only in their text, which is in the message on Deno 2.4 and in
 * the cause on 2.9. Only this file reads it.
 */

/** What is wrong with the server's certificate. */
export type CertificateErrorKind =
  | "untrusted"
  | "expired"
  | "not-yet-valid"
  | "wrong-name"
  /** The server presents the certificate of a certificate authority as its own. */
  | "authority"
  | "bad-certificate";

/** A retry would fail the same way until someone fixes the cause. */
export type PermanentErrorKind =
  | CertificateErrorKind
  /** The handshake failed for a reason other than the certificate. */
  | "tls"
  /** The runtime lacks the permission to connect to the host. */
  | "denied"
  /** The runtime connects to no host at this port. */
  | "blocked-port";

/** These may pass by themselves. */
const PASSING = ["refused", "name", "unreachable", "cut", "unknown"] as const;

/** `cut`: the connection was closed before the response was complete. */
export type NetworkErrorKind = PermanentErrorKind | typeof PASSING[number];

export interface NetworkError {
  readonly kind: NetworkErrorKind;
  /** `no` if no connection was established, so nothing can have been sent; `unknown` for any unrecognized error. */
  readonly isSent: "no" | "unknown";
  readonly message: string;
}

const MESSAGES: Record<NetworkErrorKind, string> = {
  untrusted: "the server's certificate is not trusted, so nothing was sent",
  expired: "the server's certificate has expired, so nothing was sent",
  "not-yet-valid": "the server's certificate is not valid yet, so nothing was sent",
  "wrong-name": "the server's certificate is not for this host, so nothing was sent",
  authority: "the server presents a certificate authority's certificate as its own, so nothing was sent",
  "bad-certificate": "the server's certificate cannot be accepted, so nothing was sent",
  refused: "the connection was refused",
  name: "the host name cannot be resolved",
  tls: "no secure connection could be established",
  unreachable: "the host cannot be reached",
  denied: "the runtime lacks the permission to connect",
  "blocked-port": "fetch blocks this port",
  cut: "the connection was closed before the response was complete",
  unknown: "the connection failed",
};

/** Classifies an error thrown by `fetch` or while reading the body. */
export function readNetworkError(error: unknown): NetworkError {
  const text = textOf(error);
  const kind = kindOf(error, text);
  const isSent = kind === "cut" || kind === "unknown" ? "unknown" : "no";
  const names = kind === "wrong-name" ? namesIn(text) : [];
  const message = names.length === 0 ? MESSAGES[kind] : `${MESSAGES[kind]}: it is for ${names.join(", ")}`;
  return { kind, isSent, message };
}

export function isPermanent(kind: NetworkErrorKind): kind is PermanentErrorKind {
  return PASSING.every((passing) => passing !== kind);
}

function kindOf(error: unknown, text: string): NetworkErrorKind {
  if (error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied) return "denied";
  if (/requests to port \d+ are blocked/i.test(text)) return "blocked-port";
  // Both generations mark every failure to connect this way. The text before it contains the URL, which may contain any
  // of the terms below.
  const [, reason] = text.split("client error (Connect)");
  if (reason === undefined) {
    return /connection closed|connection reset|broken pipe|reading a body|unexpected eof/i.test(text)
      ? "cut"
      : "unknown";
  }
  // First, because the runtime repeats the names in the certificate, which may contain any of the terms below.
  const [, certificate] = reason.split("invalid peer certificate: ");
  if (certificate !== undefined) return certificateErrorKind(certificate);
  if (/dns error/i.test(reason)) return "name";
  // 111 Linux, 61 macOS, 10061 Windows.
  if (/connection refused|\(os error (?:111|61|10061)\)/i.test(reason)) return "refused";
  if (/tcp connect error|tunnel|proxy|timed out/i.test(reason)) return "unreachable";
  if (/tls|handshake|certificate|corrupt message|ssl|alert/i.test(reason)) return "tls";
  return "unreachable";
}

function certificateErrorKind(text: string): CertificateErrorKind {
  if (/^UnknownIssuer/.test(text)) return "untrusted";
  if (/^(?:certificate expired|Expired)/.test(text)) return "expired";
  if (/^(?:certificate not valid yet|NotValidYet)/.test(text)) return "not-yet-valid";
  if (/^(?:certificate not valid for name|NotValidForName)/.test(text)) return "wrong-name";
  return text.includes("CaUsedAsEndEntity") ? "authority" : "bad-certificate";
}

/** At most five of the names in the certificate. */
function namesIn(text: string): string[] {
  const [, , names = ""] = text.split(/(certificate is only valid for )/);
  return [...names.matchAll(/DnsName\("([^"]*)"\)|IpAddress\(([^)]*)\)/g)].slice(0, 5).map(([, dns, ip]) =>
    dns ?? ip ?? ""
  );
}

function textOf(error: unknown): string {
  const texts: string[] = [];
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    texts.push(cause.message);
  }
  return texts.join(": ");
}
