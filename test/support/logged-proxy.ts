/** test/support/logged-proxy.ts: a worker whose access log a test reads. */
import { onStop } from './cleanup.js';
import { eventually } from './eventually.js';
import { makeLogFolder } from './log-folder.js';
import { type ProxyOptions, startProxy, type TestProxy } from './proxy.js';

export type LoggedLine = Readonly<Record<string, string | number>>;

export interface LoggedProxy extends TestProxy {
  /** Waits until the log has exactly `count` lines. @returns the lines as they are */
  texts(count: number): Promise<readonly string[]>;
  /** {@link texts}, read as JSON. */
  logged(count: number): Promise<readonly LoggedLine[]>;
}

export async function startLogged(options: ProxyOptions): Promise<LoggedProxy> {
  const folder = makeLogFolder();
  onStop(folder.remove);
  const proxy = await startProxy({ accessLog: folder.path('log'), ...options });
  const texts = async (count: number): Promise<readonly string[]> => {
    await eventually(
      () => `${count} lines are written: ${folder.lines('log').join('\n')}`,
      () => {
        proxy.worker.context.accessLog?.tick();
        return folder.lines('log').length === count;
      },
    );
    return folder.lines('log');
  };
  const logged = async (count: number): Promise<readonly LoggedLine[]> =>
    (await texts(count)).map((line) => JSON.parse(line));
  return Object.assign(proxy, { texts, logged });
}

/** Waits for the only line. */
export async function onlyLine(proxy: LoggedProxy): Promise<LoggedLine> {
  const [line] = await proxy.logged(1);
  if (line === undefined) throw new TypeError('No line');
  return line;
}
