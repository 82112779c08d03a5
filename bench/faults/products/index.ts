/** bench/faults/products/index.ts: the proxies that the faults are tried on. */
import type { Product } from '../product.js';
import { haproxy } from './haproxy.js';
import { nginx } from './nginx.js';
import { roundhouse, withoutShedding } from './roundhouse.js';

export const PRODUCTS: readonly Product[] = [roundhouse, withoutShedding, nginx, haproxy];
