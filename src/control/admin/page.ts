/**
 * control/admin/page.ts: serves the dashboard's files, which the build puts beside the program. They hold no data and
 * need no token; what the dashboard shows comes from the API, which asks for it.
 */
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Context, Hono } from 'hono';

const FOLDER = fileURLToPath(new URL('../../../dashboard/', import.meta.url));
const PREFIX = '/dashboard/';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * Content security policy: own files only, nothing inline, no frames. A name in a configuration can never become code.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': POLICY,
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;

interface PageFile {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Whether `path` is that of the dashboard or one of its files, which need no token. */
export function isPagePath(path: string): boolean {
  return path === '/' || path.startsWith(PREFIX);
}

export function pageRoutes(): Hono {
  const routes = new Hono();
  let files: Promise<ReadonlyMap<string, PageFile>> | undefined;
  const serve = async (context: Context): Promise<Response> => {
    files ??= readFiles();
    const file = (await files).get(context.req.path);
    if (file === undefined) return context.notFound();
    return context.body(file.bytes, 200, { ...HEADERS, 'content-type': file.type });
  };
  routes.get('/', serve);
  routes.get(`${PREFIX}*`, serve);
  return routes;
}

/** Reads all files into memory, about 100 KB, by path. No request reads the disk, so none can reach another file. */
async function readFiles(): Promise<ReadonlyMap<string, PageFile>> {
  const entries = await readdir(FOLDER, { recursive: true, withFileTypes: true });
  const files = await Promise.all(
    entries
      .filter((entry) => entry.isFile() && extname(entry.name) in TYPES)
      .map(({ parentPath, name }) => join(parentPath, name))
      .map(async (file): Promise<[string, PageFile]> => {
        const path = relative(FOLDER, file).split(sep).join('/');
        const type = TYPES[extname(file)] ?? '';
        return [
          path === 'index.html' ? '/' : `${PREFIX}${path}`,
          { type, bytes: new Uint8Array(await readFile(file)) },
        ];
      }),
  );
  return new Map(files);
}
