/** Reads extra certificate authorities from a file. Bad ones are refused before any request is sent. */

import { UsageError } from "../errors.ts";
import { orUsageError } from "../os_error.ts";
import type { Context } from "./context.ts";

export interface CaCertsRequest {
  readonly path: string;
  /** `--cacert` or `PW_CA_CERT`. */
  readonly source: string;
}

/**
 * Reads a PEM file of one or more certificates. Other content, such as keys, is ignored.
 *
 * @returns One PEM text per certificate.
 * @throws UsageError if the file can't be read or has no usable certificate.
 */
export async function readCaCerts(
  { readTextFile }: Pick<Context, "readTextFile">,
  { path, source }: CaCertsRequest,
): Promise<readonly string[]> {
  const text = await orUsageError(`trust ${path} (${source})`, () => readTextFile(path));
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) {
    throw new UsageError(`Cannot trust ${path} (${source}): the file contains no PEM certificate`, {
      hint:
        `A PEM certificate begins with "-----BEGIN CERTIFICATE-----"; convert others: openssl x509 -in FILE -out FILE.pem`,
    });
  }
  for (const [index, certificate] of certificates.entries()) checkCertificate(certificate, { index, path, source });
  return certificates;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** Lets the runtime parse the certificate, since it is what has to trust it. */
function checkCertificate(
  certificate: string,
  { index, path, source }: CaCertsRequest & { readonly index: number },
): void {
  try {
    Deno.createHttpClient({ caCerts: [certificate] }).close();
  } catch (error) {
    throw new UsageError(`Cannot trust ${path} (${source}): certificate ${index + 1} cannot be read`, {
      hint: "Export it again, or remove it from the file",
      cause: error,
    });
  }
}
