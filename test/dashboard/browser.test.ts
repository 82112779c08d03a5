import net from 'node:net';
import axe from 'axe-core';
import { expect } from 'chai';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { configSchema } from '../../src/config/schema.js';
import { startAdmin } from '../../src/control/admin/server.js';
import { adminTokenFrom } from '../../src/control/admin/token.js';
import { type RunningBalancer, startBalancer } from '../../src/control/balancer.js';
import { PROGRAMS, until } from '../control/balancer-under-test.js';
import { addressOf, closeEverything, LogBook, onClose, refusingAddress, startTcp } from '../control/support.js';
import { backendViewOf, LIMITS, LISTENING, UNCHANGING, viewWith } from '../control/views.js';
import { findBrowser, launchBrowser, NO_BROWSER } from '../support/browser.js';

const SECRET = 'correct-horse-battery';
/** A pool whose name would run if anything on the page took it for markup. */
const NASTY = '<img src=x onerror="document.title=1">';
const QUICK = { interval: '200ms', changingInterval: '100ms', rise: 1, fall: 1 } as const;

interface Options {
  readonly admin?: string;
  readonly token?: string;
}

const executable = findBrowser();

describe(`The dashboard in a browser${executable === undefined ? ` (skipped: ${NO_BROWSER})` : ''}`, () => {
  let browser: Browser;
  let complaints: string[];

  before(async function () {
    if (executable === undefined) return this.skip();
    browser = await launchBrowser(executable);
  });
  after(() => browser?.close());
  beforeEach(() => {
    complaints = [];
  });

  async function start(
    pools: Readonly<Record<string, readonly string[]>>,
    options: Options = {},
  ): Promise<RunningBalancer> {
    const [first = '', ...others] = Object.keys(pools);
    const routes = [...others.map((pool, index) => ({ path: `/${index}`, pool })), { pool: first }];
    const entries = Object.entries(pools).map(([name, backends]) => [
      name,
      { backends: backends.map((address) => ({ address })), healthCheck: QUICK },
    ]);
    const { admin = '127.0.0.1:0', token = '' } = options;
    const listeners = [{ address: '127.0.0.1:0' }];
    const config = configSchema.parse({ listeners, admin, workers: 1, pools: Object.fromEntries(entries), routes });
    const adminTokens = { change: adminTokenFrom({ ROUNDHOUSE_ADMIN_TOKEN: token }) };
    const balancer = await startBalancer(config, new LogBook().logger, { programs: PROGRAMS, adminTokens });
    onClose(() => end(balancer));
    return balancer;
  }

  async function end(balancer: RunningBalancer): Promise<void> {
    balancer.kill();
    await until(balancer, ({ workers }) => workers.length === 0);
  }

  async function open(
    { adminAddress }: Pick<RunningBalancer, 'adminAddress'>,
    options: BrowserContextOptions = {},
  ): Promise<Page> {
    const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
    onClose(() => context.close());
    const page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      // A request that the balancer refuses is something to show, not a defect of the page.
      const isOfPage = !message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && isOfPage) complaints.push(message.text());
    });
    await page.goto(`http://${adminAddress}/`);
    return page;
  }

  describe('of a balancer that runs', () => {
    let site: Site;
    let other: string;
    let balancer: RunningBalancer;
    let page: Page;

    before(async () => {
      site = await startSite();
      other = await startTcp();
      balancer = await start({ web: [site.address, other], api: [site.address, await refusingAddress()] });
      page = await open(balancer);
      await page.getByText('Live').waitFor();
    });
    after(closeEverything);
    afterEach(() => {
      expect(complaints).to.deep.equal([]);
    });

    const web = (): Locator => page.getByRole('region', { name: 'web' });
    const rowOf = (backend: string): Locator =>
      web()
        .getByRole('row')
        .filter({ has: page.getByRole('rowheader', { name: backend }) });
    const stateOf = (id: string): string | undefined =>
      balancer.view().pools[0]?.backends.find((backend) => backend.id === id)?.admin;
    const button = (name: string): Locator => web().getByRole('button', { name });
    const inDialog = (name: string): Locator => page.getByRole('dialog').getByRole('button', { name });

    it('shows pools, backends and workers, to everybody, in both themes', async () => {
      await page.getByRole('region', { name: 'api' }).getByText('connection refused').waitFor();
      await page.getByRole('region', { name: 'Workers' }).getByText('listening').waitFor();
      await button(`Details of ${other}`).click();
      await web().getByText('succeeded,').waitFor();
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await violationsOf(page), colorScheme).to.deep.equal([]);
      }
      await button(`Details of ${other}`).click();
    });

    it('shows a backend that goes down and comes back, in its row and among the events', async () => {
      await rowOf(site.address).getByText('up', { exact: true }).waitFor();
      await site.stop();
      await rowOf(site.address).getByText('connection refused').waitFor();
      const events = page.getByRole('region', { name: 'Events' });
      await events.getByText(`${site.address} down: connection refused`).first().waitFor();
      await site.start();
      await rowOf(site.address).getByText('up', { exact: true }).waitFor();
    });

    it('begins maintenance of a pool after a question, says so, and ends it', async () => {
      await button('Maintenance…').click();
      await inDialog('Begin maintenance').click();
      await page.getByText('Pool web is in maintenance.').waitFor();
      expect(balancer.view().maintenance.pools).to.deep.equal(['web']);
      expect(await violationsOf(page)).to.deep.equal([]);
      await page.getByRole('button', { name: 'End maintenance…' }).click();
      await inDialog('End maintenance').click();
      await page.getByText('Pool web is in maintenance.').waitFor({ state: 'detached' });
      expect(balancer.view().maintenance.pools).to.deep.equal([]);
    });

    it('drains a backend after a click and a question, and enables it again', async () => {
      const [one, two] = [site.address, other];
      await button(`Drain ${one}`).click();
      await page.getByRole('dialog').getByText('1 backend of the pool stays in use').waitFor();
      expect(stateOf(one)).to.equal('enabled');
      await inDialog('Drain').click();
      await rowOf(one)
        .getByText(/^drain(ing|ed)$/)
        .waitFor();
      expect(stateOf(one)).to.equal('draining');
      await button(`Drain ${two}`).click();
      await page.getByRole('dialog').getByText('It is the last usable backend').waitFor();
      await page.keyboard.press('Escape');
      await button(`Enable ${one}`).click();
      await inDialog('Enable').click();
      await rowOf(one).getByText('up', { exact: true }).waitFor();
      expect([stateOf(one), stateOf(two)]).to.deep.equal(['enabled', 'enabled']);
    });

    it('adds and removes a backend, and says in place why it cannot', async () => {
      const added = await startTcp();
      await button('Add backend').click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Address').fill('nowhere');
      await dialog.getByRole('button', { name: 'Add' }).click();
      await dialog.getByRole('alert').getByText('nowhere').waitFor();
      await dialog.getByLabel('Address').fill(added);
      await dialog.getByRole('button', { name: 'Add' }).click();
      await rowOf(added).waitFor();
      await button(`More for ${added}`).click();
      await page.getByRole('menuitem', { name: 'Remove…' }).click();
      await dialog.getByRole('button', { name: 'Remove' }).click();
      await rowOf(added).waitFor({ state: 'detached' });
      expect(stateOf(added)).to.equal(undefined);
    });

    it('does not set a weight over one that somebody else has set meanwhile', async () => {
      await button(`Weight of ${other}`).click();
      balancer.updateBackend('web', other, { weight: 7 });
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Weight').fill('3');
      await dialog.getByRole('button', { name: 'Set weight' }).click();
      await dialog.getByRole('alert').getByText('Somebody set its weight to 7 meanwhile').waitFor();
      await page.keyboard.press('Escape');
      await button(`Weight of ${other}`).getByText('7').waitFor();
      await button(`Weight of ${other}`).click();
      await dialog.getByLabel('Weight').fill('3');
      await page.keyboard.press('Enter');
      await until(balancer, ({ pools }) => pools[0]?.backends[1]?.weight === 3);
    });

    it('is used by keyboard: search, sort, menu, dialog, and the focus comes back', async () => {
      const [one, two] = [site.address, other];
      await rowOf(two).waitFor();
      await page.keyboard.press('/');
      await page.keyboard.type(two);
      await rowOf(one).waitFor({ state: 'detached' });
      // Past the choice of a pool, to the states.
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      await page.keyboard.press('ArrowRight');
      await web().getByText('No backend of this pool matches').waitFor();
      await page.keyboard.press('ArrowLeft');
      await rowOf(two).waitFor();
      await web().getByRole('button', { name: 'Errors', exact: true }).focus();
      await page.keyboard.press('Enter');
      await web().locator('th[aria-sort="descending"]').getByText('Errors').waitFor();
      const more = button(`More for ${two}`);
      await more.focus();
      await page.keyboard.press('Enter');
      await page.keyboard.press('ArrowUp');
      await page.locator(':focus', { hasText: 'Remove…' }).waitFor();
      await page.keyboard.press('Escape');
      await page.locator(`:focus[aria-label="More for ${two}"]`).waitFor();
      await page.keyboard.press('Enter');
      await page.keyboard.press('Enter');
      await page.locator('input:focus').waitFor();
      await page.keyboard.press('Escape');
      await page.locator(`:focus[aria-label="More for ${two}"]`).waitFor();
    });
  });

  describe('of another', () => {
    afterEach(closeEverything);

    it('shows names and reasons as what they are, never as markup', async () => {
      const view = viewWith(
        [backendViewOf('10.0.0.1:80', { health: 'down', reason: NASTY, service: NASTY })],
        [LISTENING],
      );
      const pools = view.pools.map((pool) => ({ ...pool, name: NASTY, policy: NASTY }));
      const { journal, logger } = new LogBook();
      journal.note('worker-died', { worker: 1, pid: 1, reason: NASTY, replacedInMs: 0 });
      const source = { ...UNCHANGING, view: () => ({ ...view, pools }), notReady: () => [], journal };
      const admin = await startAdmin({ address: '127.0.0.1:0', source, logger, limits: LIMITS });
      onClose(() => admin.close());
      const page = await open({ adminAddress: admin.address });
      await page.getByRole('heading', { name: NASTY }).waitFor();
      await page.getByText(`process 1 died (${NASTY})`).waitFor();
      expect(await page.locator('img').count()).to.equal(0);
      expect(await page.title()).to.equal('(1 down) Roundhouse');
      expect(complaints).to.deep.equal([]);
    });

    it('says that it is old while the balancer is gone, and goes on with the next one', async () => {
      const backend = await startTcp();
      const first = await start({ web: [backend] });
      const page = await open(first);
      await page.getByText('Live').waitFor();
      await end(first);
      await page.getByRole('alert').getByText('The balancer does not answer').waitFor();
      await page.getByRole('button', { name: `Drain ${backend}` }).waitFor({ state: 'hidden' });
      const second = await start({ web: [backend, await startTcp()] }, { admin: first.adminAddress ?? '' });
      await page.getByText('Live').waitFor();
      await page.getByText('2 / 2').waitFor();
      await page.getByRole('button', { name: `Drain ${backend}` }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Drain' }).click();
      await until(second, ({ pools }) => pools[0]?.backends[0]?.admin === 'draining');
    });

    it('asks for the token, keeps it in its tab only, and forgets it when told so', async () => {
      const backend = await startTcp();
      const balancer = await start({ web: [backend] }, { token: SECRET });
      const page = await open(balancer);
      await page.locator('#token').fill('a wrong token');
      await page.keyboard.press('Enter');
      await page.getByText('A token is one word').waitFor();
      await page.locator('#token').fill('another-horse-battery');
      await page.keyboard.press('Enter');
      await page.getByText('That is not the token of this balancer').waitFor();
      await page.locator('#token').fill(SECRET);
      await page.keyboard.press('Enter');
      await page.getByRole('rowheader', { name: backend }).waitFor();
      await page.reload();
      await page.getByRole('button', { name: `Drain ${backend}` }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Drain' }).click();
      await until(balancer, ({ pools }) => pools[0]?.backends[0]?.admin === 'draining');
      const kept = await page.evaluate(
        '[JSON.stringify(sessionStorage), JSON.stringify(localStorage), document.cookie]',
      );
      expect(kept).to.deep.equal([JSON.stringify({ 'roundhouse-token': SECRET }), '{}', '']);
      const other = await page.context().newPage();
      await other.goto(page.url());
      await other.locator('#token').waitFor();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.locator('#token').waitFor();
      expect(await page.evaluate('sessionStorage.length')).to.equal(0);
    });

    it('has room for everything on a phone, and what a row cannot show is in its details', async () => {
      const backend = await startTcp();
      const page = await open(await start({ web: [backend] }), { viewport: { width: 390, height: 844 } });
      await page.getByRole('button', { name: `Details of ${backend}` }).click();
      await page.getByText('succeeded,').waitFor();
      expect(await page.evaluate('document.documentElement.scrollWidth')).to.equal(390);
      await page.getByRole('button', { name: `More for ${backend}` }).click();
      await page.getByRole('menuitem', { name: 'Drain…' }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Use the dark theme' }).click();
      await page.reload();
      await page.getByRole('button', { name: 'Use the light theme' }).waitFor();
      expect(await page.evaluate('getComputedStyle(document.body).colorScheme')).to.equal('dark');
    });
  });
});

/** A backend that can be stopped and started again at the same address. */
interface Site {
  readonly address: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

async function startSite(): Promise<Site> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  const start = (port: number): Promise<void> => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  await start(0);
  onClose(stop);
  const address = addressOf(server);
  return { address, start: () => start(Number(address.split(':')[1])), stop };
}

/** @returns what axe-core finds against the page as it is, by rule and place */
async function violationsOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(
    `axe.run(document).then(({ violations }) =>
      violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => id + ': ' + target)))`,
  );
  return Array.isArray(found) ? found.map(String) : ['axe-core has not run'];
}
