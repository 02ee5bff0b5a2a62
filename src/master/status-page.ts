import type { IncomingMessage, ServerResponse } from 'node:http';

/** What somebody sees who opens a master's address in a browser. */
export interface Status {
	clients: number;
	slaves: number;
	/** Names of the services that are on. */
	services: string[];
}

/** Answers everything on a master's own port that is nothing else: `GET /` with a status page, the rest with 404. */
export function answerOther(request: IncomingMessage, response: ServerResponse, status: Status): void {
	const path = (request.url ?? '').split('?', 1)[0];
	const asked = request.method === 'GET' || request.method === 'HEAD';
	if (path !== '/' || !asked) {
		response.writeHead(404, { ...HEADERS, 'content-type': 'text/plain; charset=utf-8' });
		response.end('Not found\n');
		return;
	}
	response.writeHead(200, { ...HEADERS, 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
	response.end(page(status));
}

const HEADERS = {
	'x-content-type-options': 'nosniff',
	'content-security-policy': "default-src 'none'",
};

/** Names of services come from the operator's program, and are letters. */
function page({ clients, slaves, services }: Status): string {
	const rows = [`${slaves} slaves`, `${clients} clients`, ...services.map((name) => `service ${name}`)];
	return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Enslavism master</title>
<h1>An Enslavism master is listening here.</h1>
<ul>${rows.map((row) => `<li>${row}</li>`).join('')}</ul>
`;
}
