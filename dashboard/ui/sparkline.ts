/** dashboard/ui/sparkline.ts: a line of the last minutes, small enough to stand beside its number. */
import type { Series } from '../model/history.js';
import { areaPath, linePath } from '../model/line.js';
import { setAttribute, svg } from './dom.js';

/** The drawing's own units; CSS gives it its real size. */
const WIDTH = 180;
const HEIGHT = 32;

export class Sparkline {
  readonly element: SVGSVGElement;
  readonly #line = svg('path', { class: 'spark-line' });
  readonly #area = svg('path', { class: 'spark-area' });
  readonly #floor: number;

  /** @param floor the least that the upper edge stands for, so that noise around nothing looks like nothing */
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
    // A line of nothing is no news.
    this.element.classList.toggle('flat', series.max() === 0);
    const box = { width: WIDTH, height: HEIGHT, max: Math.max(this.#floor, series.max() * 1.1) };
    setAttribute(this.#line, 'd', linePath(series, box));
    setAttribute(this.#area, 'd', areaPath(series, box));
  }
}
