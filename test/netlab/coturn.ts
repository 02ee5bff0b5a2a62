import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { within } from '../support/wait.js';
import type { Host } from './netlab.js';

/** Long enough for a server that checks nothing but the signature. */
const SECRET = 'the secret of the test network';

/** coturn, Debian's TURN server, on a host. */
export interface Coturn {
	/** What a master is told to make credentials with. */
	readonly turn: { urls: string; secret: string };
	/** The users that have been given an address by now, in order. */
	readonly allocations: string[];
	close(): Promise<void>;
}

/** Starts coturn with a configuration of its own. */
export async function startCoturn(host: Host): Promise<Coturn> {
	const folder = mkdtempSync(join(tmpdir(), 'enslavism-coturn-'));
	const configuration = join(folder, 'turnserver.conf');
	const lines = [
		`listening-ip=${host.address}`,
		`relay-ip=${host.address}`,
		'listening-port=3478',
		'realm=enslavism.test',
		'use-auth-secret',
		`static-auth-secret=${SECRET}`,
		'no-tls',
		'no-dtls',
		'no-cli',
		'verbose',
		'simple-log',
		'log-file=stdout',
		`pidfile=${join(folder, 'pid')}`,
		`userdb=${join(folder, 'users')}`,
	];
	writeFileSync(configuration, lines.join('\n'));
	const child = spawn('ip', ['netns', 'exec', host.namespace, 'turnserver', '-c', configuration], {
		stdio: ['ignore', 'pipe', 'ignore'],
	});
	const ended = once(child, 'close');
	const allocations: string[] = [];
	let log = '';
	const listening = new Promise<void>((resolve) => {
		child.stdout.setEncoding('utf8').on('data', (text: string) => {
			log += text;
			if (log.includes('IPv4. UDP listener opened')) resolve();
			const whole = log.split('\n');
			log = whole.pop() ?? '';
			for (const line of whole) {
				const user = /user <([^>]*)>: incoming packet ALLOCATE processed, success/.exec(line)?.[1];
				if (user !== undefined) allocations.push(user);
			}
		});
	});
	await within(listening, 'coturn to listen');
	return {
		turn: { urls: `turn:${host.address}:3478?transport=udp`, secret: SECRET },
		allocations,
		close: async () => {
			child.kill('SIGKILL');
			await ended;
			rmSync(folder, { recursive: true, force: true });
		},
	};
}
