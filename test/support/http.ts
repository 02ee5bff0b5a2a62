/** Small HTTP clients for tests: one request each, on a connection of its own. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type IncomingHttpHeaders, type RequestOptions, request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { within } from './wait.js';

export interface Answer {
	status: number;
	headers: IncomingHttpHeaders;
	body: string;
	/** The body as it came. */
	bytes: Buffer;
}

/** Asks for a path; certificates are taken as they are. */
export function ask(port: number, path: string, options: RequestOptions & { secure?: boolean } = {}): Promise<Answer> {
	const { secure = false, ...rest } = options;
	const answered = new Promise<Answer>((resolve, reject) => {
		const make = secure ? secureRequest : request;
		const all = { host: 'localhost', port, path, agent: false, rejectUnauthorized: false, ...rest };
		const asking = make(all, (response) => {
			const chunks: Buffer[] = [];
			response.on('data', (chunk: Buffer) => chunks.push(chunk));
			response.on('end', () => {
				const bytes = Buffer.concat(chunks);
				resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bytes.toString(), bytes });
			});
		});
		asking.on('upgrade', (response, socket) => {
			socket.destroy();
			resolve({ status: response.statusCode ?? 0, headers: response.headers, body: '', bytes: Buffer.alloc(0) });
		});
		asking.on('error', reject).end();
	});
	return within(answered, `an answer for ${path}`);
}

/** Asks for an upgrade to a WebSocket. */
export function askUpgrade(port: number, path: string, headers: Record<string, string> = {}): Promise<Answer> {
	return ask(port, path, {
		headers: {
			connection: 'Upgrade',
			upgrade: 'websocket',
			'sec-websocket-version': '13',
			'sec-websocket-key': Buffer.alloc(16).toString('base64'),
			...headers,
		},
	});
}

/** A self-signed certificate for localhost, made for this run. */
export function certificate(): { key: Buffer; cert: Buffer } {
	const folder = mkdtempSync(join(tmpdir(), 'enslavism-test-'));
	try {
		const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
		const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
		const args = ['req', ...kind, '-subj', '/CN=localhost', '-keyout', key, '-out', cert];
		execFileSync('openssl', args, { stdio: 'ignore', timeout: 20_000 });
		return { key: readFileSync(key), cert: readFileSync(cert) };
	} finally {
		rmSync(folder, { recursive: true });
	}
}
