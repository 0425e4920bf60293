/**
 * Why this file: the runtime's network errors carry no code. Refused, unresolved, TLS and cut differ in their text
 * alone, and the text sits in the message on Deno 2.4 and in the cause on 2.9. It is read here and nowhere else.
 */

export type NetworkTrouble =
  | "refused"
  | "name"
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
  const trouble = troubleOf(error, textOf(error));
  const isSent = trouble === "cut" || trouble === "unknown" ? "unknown" : "no";
  return { trouble, isSent, words: WORDS[trouble] };
}

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
  if (/dns error/i.test(why)) return "name";
  // 111 Linux, 61 macOS, 10061 Windows.
  if (/connection refused|\(os error (?:111|61|10061)\)/i.test(why)) return "refused";
  if (/tcp connect error|tunnel|proxy|timed out/i.test(why)) return "unreachable";
  if (/tls|handshake|certificate|corrupt message|ssl|alert/i.test(why)) return "tls";
  return "unreachable";
}

function textOf(error: unknown): string {
  const texts: string[] = [];
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) texts.push(at.message);
  return texts.join(": ");
}
