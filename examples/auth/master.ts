/**
 * A master that knows who everybody is. Clients sign in and are known by a cookie, slaves by a name and a key.
 *
 *     npx tsx examples/auth/master.ts
 *     npx tsx examples/auth/slave.ts        in another terminal
 *
 * and http://localhost:8081/ in a browser. PORT chooses another port, SLAVE_KEY another key than the example's.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Master } from 'enslavism';

const port = Number(process.env.PORT || 8081);
const key = Buffer.from(process.env.SLAVE_KEY ?? 'a key for the example');
const page = readFileSync(new URL('index.html', import.meta.url));

/** Who has signed in, by what is in their cookie. A real master asks for a password, and forgets old sessions. */
const names = new Map<string, string>();
const MOST_SESSIONS = 1000;

const server = createServer((request, response) => {
	const url = new URL(request.url ?? '/', 'http://localhost');
	if (request.method === 'POST' && url.pathname === '/sign-in') void signIn(request, response);
	else response.setHeader('content-type', 'text/html; charset=utf-8').end(page);
});

async function signIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
	let body = '';
	for await (const chunk of request.setEncoding('utf8')) {
		body += chunk;
		if (body.length > 1000) return void request.destroy();
	}
	const name = new URLSearchParams(body).get('name')?.trim().slice(0, 40);
	if (name && names.size < MOST_SESSIONS) {
		const session = randomBytes(16).toString('base64url');
		names.set(session, name);
		response.setHeader('set-cookie', `session=${session}; HttpOnly; SameSite=Strict; Path=/`);
	}
	response.writeHead(303, { location: '/' }).end();
}

const master = new Master(server);

// What a listener returns is the identity that the other side is shown: `offer.client.auth`, `slaveCo.auth`.
master.on('clientauth', (cookies, reject) => {
	const name = names.get(String(cookies.session));
	if (name === undefined) return reject('sign in first');
	return { name };
});

master.on('slaveauth', ({ name, key: given }, reject) => {
	const bytes = Buffer.from(String(given));
	if (bytes.length !== key.length || !timingSafeEqual(bytes, key)) return reject('wrong key');
	return { operator: String(name) };
});

master.on('error', (error) => {
	console.error(error);
	process.exitCode = 1;
});

server.listen(port, () => console.log(`http://localhost:${master.address()?.port}/`));

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
	process.once(signal, async () => {
		await master.close();
		server.close();
		server.closeAllConnections();
	});
}
