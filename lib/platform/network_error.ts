/**
 * The runtime's network errors have no code: they differ only in their text, which is in the message on Deno 2.4 and in
 * the cause on 2.9. Only this file reads it.
 */

export const CHECK_PROXY =
  "Check the host that the key names, and whether a sign-in page or proxy intercepts requests to it";

/** Of the library. */
export const TRUST_OPTION = "the option caCerts of createClient";

/** Over TLS, the proxy refuses to connect; otherwise it responds in place of the server. */
export const PROXY_LOGIN = [
  "the proxy requires a user name and password",
  "Add them to HTTPS_PROXY or HTTP_PROXY, as in http://USER:PASSWORD@HOST:PORT, with %40 for @ and %3A for :",
] as const;

/** What is wrong; and what to do about it, where a retry would fail the same way until someone fixes the cause. */
const KINDS = {
  untrusted: [
    "the server's certificate is not trusted, so nothing was sent",
    `If a private certificate authority or a proxy signs this connection, trust its certificate with ${TRUST_OPTION}; DENO_TLS_CA_STORE=system trusts what this machine trusts`,
  ],
  expired: [
    "the server's certificate has expired, so nothing was sent",
    "Check this machine's clock; if it is right, the host's operator has to renew the certificate",
  ],
  "not-yet-valid": [
    "the server's certificate is not valid yet, so nothing was sent",
    "Check this machine's clock; if it is right, the host's operator has to install another certificate",
  ],
  "wrong-name": ["the server's certificate is not for this host, so nothing was sent", CHECK_PROXY],
  authority: [
    "the server presents a certificate authority's certificate as its own, so nothing was sent",
    "The host's operator has to install a certificate that this authority has issued",
  ],
  "bad-certificate": [
    "the server's certificate cannot be accepted, so nothing was sent",
    "The host's operator has to install another certificate",
  ],
  // The handshake failed for a reason other than the certificate.
  tls: [
    "no secure connection could be established",
    "Check that the host speaks HTTPS, and HTTPS_PROXY and NO_PROXY",
  ],
  denied: ["the runtime lacks the permission to connect", "Run with --allow-net, or allow this host"],
  "blocked-port": [
    "fetch blocks this port",
    "Check the port that the key names: the Fetch standard reserves some for other protocols",
  ],
  "proxy-login": PROXY_LOGIN,
  refused: ["the connection was refused"],
  name: ["the host name cannot be resolved"],
  unreachable: ["the host cannot be reached"],
  proxy: ["the proxy refused to connect to the host"],
  cut: ["the connection was closed before the response was complete"],
  unknown: ["the connection failed"],
} as const satisfies Readonly<Record<string, readonly [message: string, remedy?: string]>>;

export type NetworkErrorKind = keyof typeof KINDS;

export type NetworkError = ReturnType<typeof readNetworkError>;

/**
 * Classifies an error thrown by `fetch` or while reading the body.
 *
 * @returns `isSent`: `no` if no connection was established, so nothing can have been sent; `unknown` for any unrecognized
 * error. `remedy`: `undefined` if it may pass by itself.
 */
export function readNetworkError(error: unknown) {
  const text = textOf(error);
  const kind = kindOf(error, text);
  const isSent = kind === "cut" || kind === "unknown" ? "unknown" : "no";
  const names = kind === "wrong-name" ? namesIn(text) : [];
  const [message, remedy] = KINDS[kind];
  return { kind, isSent, message: names.length === 0 ? message : `${message}: it is for ${names.join(", ")}`, remedy };
}

/** 10053 and 10054 are Windows' codes: it words them otherwise, in the user's language. */
const CUT = /connection closed|connection reset|broken pipe|reading a body|unexpected eof|\(os error 1005[34]\)/i;

function kindOf(error: unknown, text: string): NetworkErrorKind {
  if (error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied) return "denied";
  if (/requests to port \d+ are blocked/i.test(text)) return "blocked-port";
  // Both generations mark every failure to connect this way. The text before it contains the URL, which may contain any
  // of the terms below.
  const [, reason] = text.split("client error (Connect)");
  if (reason === undefined) {
    return CUT.test(text) ? "cut" : "unknown";
  }
  // First, because the runtime repeats the names in the certificate, which may contain any of the terms below.
  const [, certificate] = reason.split("invalid peer certificate: ");
  if (certificate !== undefined) return certificateErrorKind(certificate);
  if (/dns error/i.test(reason)) return "name";
  // 111 Linux, 61 macOS, 10061 Windows.
  if (/connection refused|\(os error (?:111|61|10061)\)/i.test(reason)) return "refused";
  if (/proxy authentication required/i.test(reason)) return "proxy-login";
  if (/unsuccessful tunnel/i.test(reason)) return "proxy";
  if (/tcp connect error|tunnel|proxy|timed out/i.test(reason)) return "unreachable";
  if (/tls|handshake|certificate|corrupt message|ssl|alert/i.test(reason)) return "tls";
  return "unreachable";
}

function certificateErrorKind(text: string): NetworkErrorKind {
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
