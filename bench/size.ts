/** How much does a page load? The scripts as a master in production serves them, gzipped as `gzip -9` does. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Master } from '../src/index.js';
import { judge } from './support/report.js';

const BUDGET = 13 * 1024;

const bundler = fileURLToPath(new URL('../bundler.ts', import.meta.url));
execFileSync(process.execPath, ['--import', 'tsx', bundler], { stdio: 'inherit' });
process.env.NODE_ENV = 'production';
const master = new Master(0);
await master.ready;

async function sizeOf(name: string): Promise<number> {
	const response = await fetch(`http://localhost:${master.address()?.port}/enslavism/${name}`);
	const script = Buffer.from(await response.arrayBuffer());
	const gzipped = gzipSync(script, { level: 9 }).length;
	console.log(
		`  ${name}: ${script.length} bytes, ${gzipped} gzipped, ratio to 13 KiB ${(gzipped / BUDGET).toFixed(3)}`,
	);
	return gzipped;
}

const size = await sizeOf('client.js');
for (const name of ['client.mjs', 'slave.js', 'slave.mjs']) await sizeOf(name);
judge('client.js gzipped', size, { atMost: BUDGET }, 'bytes');
await master.close();
