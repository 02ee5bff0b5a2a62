import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const PROGRAM = `
	import { Slave } from './src/index.ts';
	const [url, userData] = process.argv.slice(1);
	await new Slave(url, userData);
	console.log('ready');
`;

/** A slave in a process of its own, registered when this resolves. Whoever spawns it kills it. */
export async function spawnSlave(url: string, userData: string): Promise<ChildProcess> {
	const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', PROGRAM, url, userData], {
		cwd: ROOT,
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	await once(child.stdout, 'data');
	return child;
}
