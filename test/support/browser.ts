/**
 * test/support/browser.ts: a real browser for the tests of the dashboard. It is found, not downloaded: by the variable
 * ROUNDHOUSE_BROWSER, or as one of the usual names in PATH. A machine without one skips those tests and says so; where the
 * variable names one, as .ci/run has it, they run or fail.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

export const NO_BROWSER = 'no chromium in PATH, and ROUNDHOUSE_BROWSER names none';

/** @returns where the browser is, if there is one */
export function findBrowser(): string | undefined {
  const named = process.env['ROUNDHOUSE_BROWSER'];
  if (named !== undefined && named !== '') return named;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isExecutable);
}

export function launchBrowser(executablePath: string): Promise<Browser> {
  // Its own sandbox needs what containers and CI machines seldom allow; it only ever sees pages of this repository.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
