import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Places } from './pair.js';

/** A network of two hosts, and what takes it down. */
export interface Network {
	places: Places;
	close(): void;
}

const SERVER = 'enslavism-bench-server';
const CLIENT = 'enslavism-bench-client';

/**
 * Two hosts that lose `loss` percent of the packets in each direction and take `delay` ms for the others; `undefined`
 * where this process may not make them.
 */
export async function openNetwork(delay: number, loss: number): Promise<Network | undefined> {
	if (process.getuid?.() !== 0) return undefined;
	const program = fileURLToPath(new URL('./wan.py', import.meta.url));
	const carrier = spawn('python3', [program, String(delay), String(loss), SERVER, CLIENT], {
		stdio: ['pipe', 'pipe', 'ignore'],
	});
	const ready = await new Promise<boolean>((resolve) => {
		carrier.stdout.once('data', () => resolve(true));
		carrier.once('error', () => resolve(false));
		carrier.once('exit', () => resolve(false));
	});
	if (!ready) return undefined;
	return {
		places: { server: SERVER, client: CLIENT, address: '10.99.0.1' },
		close: () => carrier.stdin.end(),
	};
}
