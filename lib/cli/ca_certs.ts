/** Why this file: authorities to trust beside the runtime's own are read from a file, and refused before anything is sent. */

import { NotFound, UsageError } from "../errors.ts";
import type { Context } from "./context.ts";

export interface CaCertsRequest {
  readonly path: string;
  /** Who named the file: `--cacert` or `PW_CA_CERT`. */
  readonly source: string;
}

/**
 * Reads a PEM file of one or more certificates; what else it holds, like keys, is left where it is.
 *
 * @returns One PEM text for each.
 * @throws NotFound when there is no such file; UsageError when it can't be read, or holds none that can be used.
 */
export async function readCaCerts(
  { readTextFile }: Pick<Context, "readTextFile">,
  { path, source }: CaCertsRequest,
): Promise<readonly string[]> {
  const certificates = (await textOf(readTextFile, { path, source })).match(CERTIFICATE) ?? [];
  if (certificates.length === 0) {
    throw new UsageError(`Cannot trust ${path} (${source}): it holds no certificate in PEM form`, {
      hint: `A certificate begins with "-----BEGIN CERTIFICATE-----"; other forms: openssl x509 -in FILE -out FILE.pem`,
    });
  }
  for (const [index, certificate] of certificates.entries()) check(certificate, { index, path, source });
  return certificates;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

async function textOf(readTextFile: Context["readTextFile"], { path, source }: CaCertsRequest): Promise<string> {
  try {
    return await readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new NotFound(`Cannot trust ${path} (${source}): there is no such file`, { cause: error });
    }
    if (error instanceof Deno.errors.NotCapable) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`Cannot trust ${path} (${source}): it cannot be read: ${why}`, { cause: error });
  }
}

/** Whoever is to trust a certificate is the judge of it. */
function check(
  certificate: string,
  { index, path, source }: CaCertsRequest & { readonly index: number },
): void {
  try {
    Deno.createHttpClient({ caCerts: [certificate] }).close();
  } catch (error) {
    throw new UsageError(`Cannot trust ${path} (${source}): its certificate ${index + 1} cannot be read`, {
      hint: "Export it again, or leave it out",
      cause: error,
    });
  }
}
