/** dashboard/ui/sparkline.ts: a small line of the last three minutes, to show beside a number. */
import type { Series } from '../model/history.js';
import { areaPath, linePath } from '../model/line.js';
import { setAttribute, svg } from './dom.js';

/** Size of the drawing in its own units; CSS sets the size on the page. */
const WIDTH = 180;
const HEIGHT = 32;

export class Sparkline {
  readonly element: SVGSVGElement;
  readonly #line = svg('path', { class: 'spark-line' });
  readonly #area = svg('path', { class: 'spark-area' });
  readonly #floor: number;

  /** @param floor least value that the upper edge stands for, so that noise near 0 looks flat */
  constructor(floor: number, tone: 'accent' | 'bad' | 'calm' = 'accent') {
    this.#floor = floor;
    this.element = svg(
      'svg',
      {
        class: `spark ${tone}`,
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        preserveAspectRatio: 'none',
        'aria-hidden': 'true',
      },
      this.#area,
      this.#line,
    );
  }

  draw(series: Series): void {
    // A line that is always 0 is drawn less visibly.
    this.element.classList.toggle('flat', series.max() === 0);
    const box = { width: WIDTH, height: HEIGHT, max: Math.max(this.#floor, series.max() * 1.1) };
    setAttribute(this.#line, 'd', linePath(series, box));
    setAttribute(this.#area, 'd', areaPath(series, box));
  }
}
