/**
 * Why this file: the runtime's network errors carry no code. Refused, unresolved, TLS and cut differ in their text
 * alone, and the text sits in the message on Deno 2.4 and in the cause on 2.9. It is read here and nowhere else.
 */

/** What is wrong with the certificate that the server shows. */
export type CertificateTrouble =
  | "untrusted"
  | "expired"
  | "not-yet-valid"
  | "wrong-name"
  /** The server shows an authority's certificate as its own. */
  | "authority"
  | "bad-certificate";

export type NetworkTrouble =
  | CertificateTrouble
  | "refused"
  | "name"
  /** No handshake came about, for another reason than the certificate. */
  | "tls"
  | "unreachable"
  /** The runtime may not speak to this host. */
  | "denied"
  /** The connection ended before the answer did. */
  | "cut"
  | "unknown";

export interface NetworkError {
  readonly trouble: NetworkTrouble;
  /** `no` when no connection came about, so that nothing can have been sent. What is not recognised is `unknown`. */
  readonly isSent: "no" | "unknown";
  /** What is so, for people. */
  readonly words: string;
}

const WORDS: Record<NetworkTrouble, string> = {
  untrusted: "the server's certificate is not trusted, so nothing was sent",
  expired: "the server's certificate has expired, so nothing was sent",
  "not-yet-valid": "the server's certificate is not valid yet, so nothing was sent",
  "wrong-name": "the server's certificate is not for this host, so nothing was sent",
  authority: "the server shows an authority's certificate as its own, so nothing was sent",
  "bad-certificate": "the server's certificate cannot be accepted, so nothing was sent",
  refused: "the connection was refused",
  name: "the host name cannot be resolved",
  tls: "no secure connection came about",
  unreachable: "the host cannot be reached",
  denied: "the runtime does not allow connections to it",
  cut: "the connection was cut before the answer was complete",
  unknown: "the connection failed",
};

/** Reads what `fetch`, or reading the body of its answer, has thrown. */
export function readNetworkError(error: unknown): NetworkError {
  const text = textOf(error);
  const trouble = troubleOf(error, text);
  const isSent = trouble === "cut" || trouble === "unknown" ? "unknown" : "no";
  const names = trouble === "wrong-name" ? namesIn(text) : [];
  const words = names.length === 0 ? WORDS[trouble] : `${WORDS[trouble]}: it is for ${names.join(", ")}`;
  return { trouble, isSent, words };
}

/** Whether the same request would meet the same trouble a little later, unless somebody mends something. */
export function isLasting(trouble: NetworkTrouble): boolean {
  return LASTING.includes(trouble);
}

const LASTING: readonly NetworkTrouble[] = [
  "untrusted",
  "expired",
  "not-yet-valid",
  "wrong-name",
  "authority",
  "bad-certificate",
  "tls",
  "denied",
];

function troubleOf(error: unknown, text: string): NetworkTrouble {
  if (error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied) return "denied";
  if (/requests to port \d+ are blocked/i.test(text)) return "denied";
  // The one mark that both generations set on all that goes wrong before a request can be sent. What comes before it
  // names the address, which may hold any word.
  const [, why] = text.split("client error (Connect)");
  if (why === undefined) {
    return /connection closed|connection reset|broken pipe|reading a body|unexpected eof/i.test(text)
      ? "cut"
      : "unknown";
  }
  // Before all other words: a certificate may hold any name, and the runtime repeats it.
  const [, certificate] = why.split("invalid peer certificate: ");
  if (certificate !== undefined) return certificateTroubleOf(certificate);
  if (/dns error/i.test(why)) return "name";
  // 111 Linux, 61 macOS, 10061 Windows.
  if (/connection refused|\(os error (?:111|61|10061)\)/i.test(why)) return "refused";
  if (/tcp connect error|tunnel|proxy|timed out/i.test(why)) return "unreachable";
  if (/tls|handshake|certificate|corrupt message|ssl|alert/i.test(why)) return "tls";
  return "unreachable";
}

function certificateTroubleOf(what: string): CertificateTrouble {
  if (/^UnknownIssuer/.test(what)) return "untrusted";
  if (/^(?:certificate expired|Expired)/.test(what)) return "expired";
  if (/^(?:certificate not valid yet|NotValidYet)/.test(what)) return "not-yet-valid";
  if (/^(?:certificate not valid for name|NotValidForName)/.test(what)) return "wrong-name";
  return what.includes("CaUsedAsEndEntity") ? "authority" : "bad-certificate";
}

/** A few of the names that the certificate is for. */
function namesIn(text: string): string[] {
  const [, , names = ""] = text.split(/(certificate is only valid for )/);
  return [...names.matchAll(/DnsName\("([^"]*)"\)|IpAddress\(([^)]*)\)/g)].slice(0, 5).map(([, dns, ip]) =>
    dns ?? ip ?? ""
  );
}

function textOf(error: unknown): string {
  const texts: string[] = [];
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) texts.push(at.message);
  return texts.join(": ");
}
