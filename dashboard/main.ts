/**
 * dashboard/main.ts: the entry point of the page: passes events of the stream to the picture, and draws the picture.
 */
import { duration } from './model/format.js';
import { Picture } from './model/picture.js';
import type { Sort, SortKey } from './model/rows.js';
import type { ServerEvent } from './model/sse.js';
import { type BackendView, type BalancerView, isEntries, isView } from './model/wire.js';
import { Changes } from './net/changes.js';
import { Session } from './net/session.js';
import { Stream } from './net/stream.js';
import { Connection } from './ui/connection.js';
import { Dialog } from './ui/dialog.js';
import { arrange, byId, setText, show } from './ui/dom.js';
import { Login } from './ui/login.js';
import { Maintenance } from './ui/maintenance.js';
import { Menu } from './ui/menu.js';
import { Operations } from './ui/operations.js';
import { Overview } from './ui/overview.js';
import { PoolSection } from './ui/pool-section.js';
import { bindTheme } from './ui/theme.js';
import { Timeline } from './ui/timeline.js';
import { Toolbar } from './ui/toolbar.js';
import { Workers } from './ui/workers.js';

const picture = new Picture();
const session = new Session();
const stream = new Stream(session, { event: receive, locked, lost });
const connection = new Connection(() => stream.connect());
const login = new Login(session, () => stream.connect());
const timeline = new Timeline();
const overview = new Overview();
const toolbar = new Toolbar(draw);
const workers = new Workers();
const menu = new Menu();
const operations = new Operations({
  changes: new Changes(session),
  dialog: new Dialog(),
  pool: (name) => picture.view?.pools.find((pool) => pool.name === name),
  done: changed,
});
const maintenance = new Maintenance(operations);
const pools = new Map<string, PoolSection>();
let sort: Sort = { key: 'backend', descending: false };

bindTheme();
byId('overview').append(overview.element);
byId('toolbar').append(toolbar.element);
toolbar.element.append(maintenance.button);
byId('overview').before(maintenance.element);
byId('workers').append(workers.element);
byId('events').append(timeline.element);
stream.connect();

function receive({ event, data }: ServerEvent): void {
  const value: unknown = JSON.parse(data);
  if (event === 'view' && isView(value)) {
    picture.advance(value);
    login.hide();
    connection.set({ kind: 'live' });
    draw();
  } else if (event === 'events' && isEntries(value)) {
    const isFirst = picture.view === undefined;
    const fresh = picture.tell(value);
    if (!isFirst) timeline.tell(fresh);
    timeline.draw(picture.entries);
  }
}

function locked(): void {
  connection.set({ kind: 'locked' });
  show(byId('content'), false);
  login.ask();
}

function lost(why: string | undefined): void {
  connection.set({ kind: 'lost', sinceMs: Date.now(), why });
}

/** Shows a change that was made on this page at once; the next view confirms it. */
function changed(pool: string, backend: BackendView, what: string): void {
  picture.replace(pool, backend);
  timeline.say(`${backend.id} ${what}`);
  draw();
}

function sortBy(key: SortKey): void {
  // Names ascending, numbers descending at first; the same key again reverses the order.
  const isNumber = key !== 'backend' && key !== 'state' && key !== 'tier';
  sort = { key, descending: sort.key === key ? !sort.descending : isNumber };
  draw();
}

function draw(): void {
  const { view } = picture;
  if (view === undefined) return;
  const { nowMs } = stream;
  show(byId('content'), true);
  show(byId('loading'), false);
  drawInstance(view, nowMs);
  overview.draw(view, picture);
  toolbar.draw(view);
  maintenance.draw(view);
  drawPools(view, nowMs);
  workers.draw(view, picture, nowMs);
}

function drawInstance({ addresses, pid, since, pools: all }: BalancerView, nowMs: number): void {
  setText(byId('instance'), addresses.join(', '));
  setText(byId('instance-more'), `up ${duration(nowMs - Date.parse(since))}, pid ${pid}`);
  const down = all.flatMap(({ backends }) => backends).filter(({ health }) => health === 'down').length;
  const title = down === 0 ? 'Roundhouse' : `(${down} down) Roundhouse`;
  if (document.title !== title) document.title = title;
}

function drawPools(view: BalancerView, nowMs: number): void {
  const display = { filter: toolbar.filter, sort, nowMs };
  const shown = view.pools.filter(({ name }) => toolbar.pool === undefined || toolbar.pool === name);
  const sections = shown.map((pool) => {
    const section = pools.get(pool.name) ?? new PoolSection(pool.name, { operations, menu, sort: sortBy });
    pools.set(pool.name, section);
    section.draw(pool, picture, display);
    return section.element;
  });
  arrange(byId('pools'), sections);
  const present = new Set(view.pools.map(({ name }) => name));
  for (const name of pools.keys()) if (!present.has(name)) pools.delete(name);
}
