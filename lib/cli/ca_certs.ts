/** Reads extra certificate authorities from a file. Bad ones are refused before any request is sent. */

import { orError, UsageError } from "../errors.ts";
import { orUsageError } from "../os_error.ts";
import type { Context } from "./context.ts";

/**
 * Reads a PEM file of one or more certificates. Other content, such as keys, is ignored.
 *
 * @param source `--cacert` or `PW_CA_CERT`.
 * @returns One PEM text per certificate.
 * @throws UsageError if the file can't be read or has no usable certificate.
 */
export async function readCaCerts(
  { readTextFile }: Context,
  path: string,
  source: string,
): Promise<readonly string[]> {
  const action = `trust ${path} (${source})`;
  const text = await orUsageError(action, () => readTextFile(path));
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) {
    throw new UsageError(`Cannot ${action}: the file contains no PEM certificate`, {
      hint:
        `A PEM certificate begins with "-----BEGIN CERTIFICATE-----"; convert others: openssl x509 -in FILE -out FILE.pem`,
    });
  }
  for (const [index, certificate] of certificates.entries()) {
    // The runtime parses it, since it is what has to trust it.
    const error = orError(Error, () => Deno.createHttpClient({ caCerts: [certificate] }).close());
    if (error === undefined) continue;
    throw new UsageError(`Cannot ${action}: certificate ${index + 1} cannot be read`, {
      hint: "Export it again, or remove it from the file",
      cause: error,
    });
  }
  return certificates;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
