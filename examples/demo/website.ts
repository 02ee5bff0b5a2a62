import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname } from 'node:path';

const TYPES: Record<string, string> = {
	'.html': 'text/html; charset=utf-8',
	'.css': 'text/css; charset=utf-8',
	'.js': 'text/javascript; charset=utf-8',
	'.svg': 'image/svg+xml',
};

/** Only what is served here runs: no inline script or style, no other host but the link to the master. */
const HEADERS = {
	'content-security-policy': [
		"default-src 'self'",
		"connect-src 'self' ws: wss:",
		"object-src 'none'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
	].join('; '),
	'x-content-type-options': 'nosniff',
	'referrer-policy': 'no-referrer',
	'cache-control': 'no-cache',
};

/** The pages of an example: the files of a folder and nothing else, whatever a path says. */
export function serveWebsite(folder: URL): (request: IncomingMessage, response: ServerResponse) => void {
	const files = new Set(readdirSync(folder));
	return (request, response) => {
		const name = (request.url ?? '').split('?', 1)[0]?.slice(1) || 'index.html';
		if (request.method !== 'GET' && request.method !== 'HEAD') answer(response, 405, 'Method not allowed\n');
		else if (files.has(name)) void send(new URL(name, folder), response);
		else answer(response, 404, 'Not found\n');
	};
}

/** Read anew each time, so that a change shows at the next load. */
async function send(file: URL, response: ServerResponse): Promise<void> {
	try {
		const body = await readFile(file);
		answer(response, 200, body, TYPES[extname(file.pathname)]);
	} catch {
		answer(response, 404, 'Not found\n');
	}
}

function answer(response: ServerResponse, status: number, body: string | Buffer, type = 'text/plain; charset=utf-8') {
	response.writeHead(status, { ...HEADERS, 'content-type': type, 'content-length': Buffer.byteLength(body) });
	response.end(body);
}
