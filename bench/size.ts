/**
 * How much does a page load? The scripts as a master in production serves them: to browsers that read Brotli (over TLS and on the
 * machine itself), to those that read gzip, and as `gzip -9` would make it, which is judged.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Master } from '../src/index.js';
import { judge } from './support/report.js';

const BUDGET = 13 * 1024;

const build = fileURLToPath(new URL('../scripts/build.ts', import.meta.url));
execFileSync(process.execPath, ['--import', 'tsx', build], { stdio: 'inherit' });
process.env.NODE_ENV = 'production';
const master = new Master(0);
await master.ready;

/** What a master sends for a script in a coding, and how many bytes that are. */
async function load(name: string, coding: string): Promise<{ script: Buffer; sent: number }> {
	const url = `http://localhost:${master.address()?.port}/enslavism/${name}`;
	const response = await fetch(url, { headers: { 'accept-encoding': coding } });
	const script = Buffer.from(await response.arrayBuffer());
	return { script, sent: Number(response.headers.get('content-length')) };
}

async function sizeOf(name: string): Promise<number> {
	const { script } = await load(name, 'identity');
	const gzipped = gzipSync(script, { level: 9 }).length;
	const sent = [];
	for (const coding of ['br', 'gzip']) sent.push(`${(await load(name, coding)).sent} as ${coding}`);
	const ratio = `ratio to 13 KiB ${(gzipped / BUDGET).toFixed(3)}`;
	console.log(`  ${name}: ${script.length} bytes, sent ${sent.join(', ')}; gzip -9 ${gzipped}, ${ratio}`);
	return gzipped;
}

const size = await sizeOf('client.js');
for (const name of ['client.mjs', 'slave.js', 'slave.mjs']) await sizeOf(name);
judge('client.js gzipped', size, { atMost: BUDGET }, 'bytes');
await master.close();
