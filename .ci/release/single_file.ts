/** The program as one file: what common starts load is in it as code, the rest compressed. */

import { gzipBase64 } from "../../lib/base64.ts";
import { mainModule, type Program } from "./link.ts";

/** Every start reads and hashes the file: what few of them need is compressed. Streams alone load fastest. */
const UNPACK = `async function unpack(packed){let binary=atob(packed),bytes=new Uint8Array(binary.length);` +
  `for(let i=0;i<bytes.length;i++)bytes[i]=binary.charCodeAt(i);` +
  `let{readable,writable}=new DecompressionStream("gzip"),writer=writable.getWriter();writer.write(bytes);writer.close();` +
  `let text="",decoder=new TextDecoder;for await(let chunk of readable)text+=decoder.decode(chunk,{stream:true});return text}
async function importPacked(packed){` +
  `return import("data:text/javascript;charset=utf-8,"+encodeURIComponent(await unpack(packed)))}`;

/** @returns Its text. */
export async function singleFileOf({ main, parts, modules, loaded }: Program): Promise<string> {
  const isHot = (name: string) => loaded.some((names) => names.has(name));
  const cold = [...parts].filter(([name]) => !isHot(name));
  const importers = [...modules].map(async ([name, code]) => {
    // `createRequire()`, with which CommonJS code gets `node:` modules, takes only URLs of files.
    return [name, `()=>importPacked("${await gzipBase64(code.replaceAll("import.meta.url", '"file:///"'))}")`] as const;
  });
  const fetchPart = `let cold;
async function fetchPart(name){const{imports,code}=(await(cold??=unpackParts())).get(name);return[imports,(0,eval)(code)]}
async function unpackParts(){return new Map(JSON.parse(await unpack("${await gzipBase64(JSON.stringify(cold))}")))}
${UNPACK}`;
  const hot = new Map([...parts].filter(([name]) => isHot(name)));
  return mainModule(main, hot, { fetchPart, modules: new Map(await Promise.all(importers)) });
}
