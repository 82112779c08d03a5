/** library/define-config.ts: types a configuration in `roundhouse.config.ts`, so that editors complete and check it. */
import type { ConfigInput } from '../config/schema.js';

/** The default export of a configuration module: a configuration, or a function that returns one at each load. */
export type ConfigExport = ConfigInput | (() => ConfigInput | Promise<ConfigInput>);

/**
 * @returns `config` unchanged; it is validated when it is loaded. A configuration that is no function can also be given
 * to `createBalancer`.
 */
export function defineConfig(config: ConfigInput): ConfigInput;
export function defineConfig(config: ConfigExport): ConfigExport;
export function defineConfig(config: ConfigExport): ConfigExport {
  return config;
}
