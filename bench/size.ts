/**
 * How much does a page load? The scripts as a master in production serves them: with Brotli (to pages that came over TLS or from the
 * same machine), and with gzip, which is judged.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Master } from '../src/index.js';
import { judge } from './support/report.js';

const BUDGET = 13 * 1024;

const build = fileURLToPath(new URL('../scripts/build.ts', import.meta.url));
execFileSync(process.execPath, ['--import', 'tsx', build], { stdio: 'inherit' });
process.env.NODE_ENV = 'production';
const master = new Master(0);
await master.ready;

/** How many bytes a master sends for a script in a coding. */
async function sent(name: string, coding: string): Promise<number> {
	const url = `http://localhost:${master.address()?.port}/enslavism/${name}`;
	const response = await fetch(url, { headers: { 'accept-encoding': coding } });
	await response.arrayBuffer();
	return Number(response.headers.get('content-length'));
}

async function sizeOf(name: string): Promise<number> {
	const gzipped = await sent(name, 'gzip');
	const others = `${await sent(name, 'br')} as br, ${await sent(name, 'identity')} as it is`;
	console.log(`  ${name}: ${gzipped} as gzip, ${others}, ratio to 13 KiB ${(gzipped / BUDGET).toFixed(3)}`);
	return gzipped;
}

const size = await sizeOf('client.js');
for (const name of ['client.mjs', 'slave.js', 'slave.mjs']) await sizeOf(name);
judge('client.js gzipped', size, { atMost: BUDGET }, 'bytes');
await master.close();
