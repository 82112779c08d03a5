/** dashboard/ui/chart.ts: a line of the last three minutes with a scale and the value under the pointer. */
import { duration } from '../model/format.js';
import { Series } from '../model/history.js';
import { el, setText } from './dom.js';
import { Sparkline } from './sparkline.js';

export class Chart {
  readonly element: HTMLElement;
  readonly #line: Sparkline;
  readonly #value = el('span', { class: 'chart-value' });
  readonly #most = el('span');
  readonly #oldest = el('span');
  readonly #format: (value: number) => string;
  #series = new Series();
  /** The sample under the pointer, counted back from the newest; `undefined` without a pointer. */
  #pointedAt: number | undefined;

  /** @param floor least value that the upper edge stands for */
  constructor(name: string, floor: number, format: (value: number) => string) {
    this.#format = format;
    this.#line = new Sparkline(floor);
    const scale = el('div', { class: 'chart-scale' }, this.#oldest, this.#most, el('span', {}, 'now'));
    const caption = el('figcaption', {}, el('span', {}, name), this.#value);
    this.element = el('figure', { class: 'chart' }, caption, this.#line.element, scale);
    this.#line.element.addEventListener('pointermove', ({ offsetX }) => this.#point(offsetX));
    this.#line.element.addEventListener('pointerleave', () => this.#point(undefined));
  }

  draw(series: Series): void {
    this.#series = series;
    this.#line.draw(series);
    setText(this.#oldest, `${duration(series.span * 1_000)} ago`);
    setText(this.#most, `at most ${this.#format(series.max())}`);
    this.#say();
  }

  #point(x: number | undefined): void {
    const { clientWidth } = this.#line.element;
    this.#pointedAt = x === undefined ? undefined : Math.round((1 - x / clientWidth) * (this.#series.span - 1));
    this.#say();
  }

  #say(): void {
    const ago = this.#pointedAt ?? 0;
    const value = this.#series.at(-1 - ago);
    const text = Number.isNaN(value) ? 'not measured' : this.#format(value);
    setText(this.#value, ago === 0 ? text : `${text}, ${duration(ago * 1_000)} ago`);
  }
}
