import { expect } from 'chai';
import { haproxyConfig, nginxParts, roundhouseConfig } from '../../bench/peers/configs.js';
import { nginxConfig } from '../../bench/peers/nginx.js';
import { configSchema } from '../../src/config/schema.js';

const SETUP = { port: 8_123, backends: ['127.0.0.1:9001', '127.0.0.1:9002'] };

describe("Roundhouse's configuration", () => {
  it('is one it takes, with the defaults but for what a variant sets', () => {
    const config = configSchema.parse(JSON.parse(roundhouseConfig(SETUP, { workers: 1 }, { pipelining: 8 })));
    expect(config).to.include({ workers: 1, admin: 'off' });
    expect(config.listeners.map(({ address }) => address)).to.deep.equal(['127.0.0.1:8123']);
    expect(config.pools['bench']).to.include({ pipelining: 8, policy: 'two-choices' });
    expect(config.pools['bench']?.backends.map(({ address }) => address)).to.deep.equal(SETUP.backends);
  });
});

describe("nginx's configuration", () => {
  const config = nginxConfig(nginxParts(SETUP), '/tmp/bench', false);

  it('keeps connections to every backend', () => {
    expect(config).to.match(/upstream pool \{ server 127\.0\.0\.1:9001; server 127\.0\.0\.1:9002; keepalive 1024;/);
    expect(config).to.include('proxy_http_version 1.1;').and.include('proxy_set_header Connection "";');
  });

  it('writes into its own folder and nowhere else', () => {
    const paths = config.match(/\/\S+/g)?.filter((path) => !path.startsWith('//') && path.length > 1) ?? [];
    expect(paths).to.include('/tmp/bench/nginx.pid;').and.have.length(6);
    expect(paths.every((path) => path.startsWith('/tmp/bench/'))).to.equal(true);
    expect(config).to.include('access_log off;');
  });

  it('stays in the foreground, with one worker', () => {
    expect(config).to.include('daemon off;').and.include('worker_processes 1;').and.include('listen 127.0.0.1:8123 ');
  });

  it('names a user only for a master that may change it', () => {
    expect(config).not.to.match(/^user /m);
    expect(nginxConfig(nginxParts(SETUP), '/tmp/bench', true)).to.match(/^user root;$/m);
  });
});

describe("HAProxy's configuration", () => {
  const config = haproxyConfig(SETUP);

  it('has one thread and reuses connections for every request', () => {
    expect(config).to.include('nbthread 1').and.include('mode http').and.include('http-reuse always');
  });

  it('lists every backend', () => {
    expect(config).to.include('server backend1 127.0.0.1:9001 ').and.include('server backend2 127.0.0.1:9002 ');
  });
});
