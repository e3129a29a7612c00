// A js-ipfs daemon that makes no connection of its own: the repository's folder as its argument, its RPC on a port of the
// system's choice. It ends with the process that started it.
import { create } from 'ipfs-core';
import { HttpApi } from 'ipfs-http-server';

const [repo] = process.argv.slice(2);
const ipfs = await create({
  repo,
  silent: true,
  preload: { enabled: false },
  config: {
    Bootstrap: [],
    Discovery: { MDNS: { Enabled: false }, webRTCStar: { Enabled: false } },
    Addresses: { Swarm: ['/ip4/127.0.0.1/tcp/0'], API: '/ip4/127.0.0.1/tcp/0', Gateway: '', Delegates: [] },
    Routing: { Type: 'none' },
  },
});
const api = new HttpApi(ipfs);
await api.start();
const servers = api._apiServers;
console.log(`RPC on http://127.0.0.1:${servers[0].info.port}`);
const parent = process.ppid;
setInterval(() => process.ppid === parent || process.exit(0), 1000);
