/** library/define-config.ts: for `roundhouse.config.ts`: an editor that completes and checks what is written there. */
import type { ConfigInput } from '../config/schema.js';

/** What a configuration module may export: a configuration, or a function that makes one each time it is loaded. */
export type ConfigExport = ConfigInput | (() => ConfigInput | Promise<ConfigInput>);

/** Returns `config` as it is; it is checked when a balancer is started with it. */
export function defineConfig(config: ConfigExport): ConfigExport {
  return config;
}
