/** Creates certificates at test time: needs no tool, keeps no key in the repository, and allows any dates. */

export interface Issued {
  /** PEM. */
  readonly cert: string;
  /** The private key, PEM (PKCS #8). */
  readonly key: string;
}

export interface CertificateSpec {
  /** Host names and IPv4 addresses. */
  readonly names: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

export interface Authority extends Issued {
  issue(spec: CertificateSpec): Promise<Issued>;
}

const LONG_AGO = new Date(Date.UTC(2020, 0, 1));
const FAR_AHEAD = new Date(Date.UTC(2120, 0, 1));
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

export async function createAuthority(name = "Test Authority"): Promise<Authority> {
  const own = await newKeys();
  const sign = (parts: Omit<Parts, "issuer" | "signer">) => certificate({ ...parts, issuer: name, signer: own });
  const cert = await sign({ subject: name, keys: own, isAuthority: true, names: [] });
  return {
    cert,
    key: await pemOf(own),
    async issue({ names, notBefore, notAfter }) {
      const keys = await newKeys();
      const subject = names[0] ?? "unnamed";
      return {
        cert: await sign({ subject, keys, isAuthority: false, names, notBefore, notAfter }),
        key: await pemOf(keys),
      };
    },
  };
}

interface Parts {
  readonly subject: string;
  readonly issuer: string;
  readonly keys: CryptoKeyPair;
  readonly signer: CryptoKeyPair;
  readonly isAuthority: boolean;
  readonly names: readonly string[];
  readonly notBefore?: Date | undefined;
  readonly notAfter?: Date | undefined;
}

/** The part of RFC 5280 that a TLS handshake checks. */
async function certificate(parts: Parts): Promise<string> {
  const { subject, issuer, keys, signer, isAuthority, names, notBefore = LONG_AGO, notAfter = FAR_AHEAD } = parts;
  const algorithm = sequence(ECDSA_WITH_SHA256);
  const basicConstraints = sequence(BASIC_CONSTRAINTS, TRUE, octets(sequence(...(isAuthority ? [TRUE] : []))));
  const alternatives = names.length === 0
    ? []
    : [sequence(SUBJECT_ALT_NAME, octets(sequence(...names.map(generalName))))];
  const body = sequence(
    der(0xa0, der(0x02, [2])), // version 3
    positive(crypto.getRandomValues(new Uint8Array(8))),
    algorithm,
    commonName(issuer),
    sequence(time(notBefore), time(notAfter)),
    commonName(subject),
    new Uint8Array(await crypto.subtle.exportKey("spki", keys.publicKey)),
    der(0xa3, sequence(basicConstraints, ...alternatives)),
  );
  const signature = new Uint8Array(await crypto.subtle.sign(ALGORITHM, signer.privateKey, body));
  const pair = sequence(positive(signature.subarray(0, 32)), positive(signature.subarray(32)));
  return pem("CERTIFICATE", sequence(body, algorithm, der(0x03, [0], pair)));
}

function newKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

async function pemOf({ privateKey }: CryptoKeyPair): Promise<string> {
  return pem("PRIVATE KEY", new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey)));
}

type Bytes = Uint8Array<ArrayBuffer>;

// Encoded object identifiers.
const ECDSA_WITH_SHA256 = der(0x06, [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]);
const COMMON_NAME = der(0x06, [0x55, 0x04, 0x03]);
const SUBJECT_ALT_NAME = der(0x06, [0x55, 0x1d, 0x11]);
const BASIC_CONSTRAINTS = der(0x06, [0x55, 0x1d, 0x13]);
const TRUE = der(0x01, [0xff]);

function generalName(name: string): Bytes {
  return /^[\d.]+$/.test(name) ? der(0x87, name.split(".").map(Number)) : der(0x82, text(name));
}

function commonName(name: string): Bytes {
  return sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, text(name)))));
}

/** UTCTime until 2049, GeneralizedTime after. */
function time(date: Date): Bytes {
  const digits = date.toISOString().replace(/\.\d+|[-:T]/g, "");
  return date.getUTCFullYear() < 2050 ? der(0x17, text(digits.slice(2))) : der(0x18, text(digits));
}

function positive(bytes: Uint8Array): Bytes {
  const first = bytes.findIndex((byte) => byte !== 0);
  const short = bytes.subarray(Math.max(0, first));
  return der(0x02, (short[0] ?? 0) > 0x7f ? [0] : [], short);
}

function octets(content: Uint8Array): Bytes {
  return der(0x04, content);
}

function sequence(...contents: readonly Uint8Array[]): Bytes {
  return der(0x30, ...contents);
}

function der(tag: number, ...contents: readonly (Uint8Array | readonly number[])[]): Bytes {
  const content = contents.flatMap((part) => [...part]);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Uint8Array.from([tag, ...size, ...content]);
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function pem(label: string, bytes: Uint8Array): string {
  const lines = btoa(String.fromCharCode(...bytes)).replace(/.{1,64}/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`;
}
