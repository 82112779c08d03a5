// A configuration that is a program: `roundhouse -c examples/roundhouse.config.ts` on Node 22.18 or newer. For older
// versions write it in JavaScript, as an .mjs file. Each reload runs it again.
import { defineConfig } from 'roundhouse-lb';

const hosts = (process.env.APP_HOSTS ?? '10.0.0.1,10.0.0.2').split(',');

export default defineConfig({
  listeners: [{ address: '0.0.0.0:8080' }],
  pools: {
    web: {
      policy: 'least-connections',
      backends: hosts.map((host) => ({ address: `${host}:3000` })),
      healthCheck: { path: '/health', interval: '2s' },
    },
  },
});
