/** A process with a geckos.io server that echoes, and a page with its client: `geckos-process.ts FOLDER`. */
import { createServer } from 'node:http';
import { build, stop } from 'esbuild';
import { answerCalls } from './child.js';

const [folder = ''] = process.argv.slice(2);

/** The part of geckos.io's server that is used. */
interface GeckosServer {
	addServer(server: unknown): void;
	onConnection(listener: (channel: GeckosChannel) => void): void;
}

interface GeckosChannel {
	on(event: string, listener: (data: unknown) => void): void;
	emit(event: string, data: unknown): void;
}

async function pageScript(): Promise<string> {
	const { outputFiles } = await build({
		stdin: { contents: "import geckos from './client/lib/index.js'; globalThis.geckos = geckos;", resolveDir: folder },
		bundle: true,
		write: false,
		format: 'iife',
	});
	await stop();
	return outputFiles[0]?.text ?? '';
}

const api = {
	/** Starts the server; tells its port. */
	start: async () => {
		const geckos = (await import(`${folder}server/lib/index.js`)) as { default: () => GeckosServer };
		const script = await pageScript();
		const server = createServer((request, response) => {
			if (request.url !== '/') return;
			response.setHeader('content-type', 'text/html; charset=utf-8');
			response.end(`<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script>${script}</script>`);
		});
		const io = geckos.default();
		io.addServer(server);
		io.onConnection((channel) => channel.on('echo', (data) => channel.emit('echo', data)));
		await new Promise<void>((resolve) => server.listen(0, resolve));
		return (server.address() as { port: number }).port;
	},
};

/** What a geckos.io process answers. */
export type GeckosApi = typeof api;

answerCalls(api);
