import { Child } from './child.js';
import type { EndApi } from './end.js';
import type { MasterApi } from './master.js';
import type { EndKind, Kind } from './pipe.js';
import type { SignalServerApi } from './signal-server-process.js';

/** Where the processes of a pair live. */
export interface Places {
	/** Network namespaces of the two. */
	server: string;
	client: string;
	/** Address of the server in its namespace. */
	address: string;
}

/** Two processes that talk to each other over data channels, and what stops them. */
export interface Pair {
	server: Child<EndApi>;
	client: Child<EndApi>;
	/** Where further clients of the server connect; none for raw ones. */
	url: string;
	stop(): Promise<void>;
}

/** What the relay itself can do is measured, not what an operator lets it do: 1 TB/s. */
const UNLIMITED: object = { relay: { perSession: 1e12, perLink: 1e12, total: 1e12 } };

/** Starts a server and a client; a pair of ours has a master in a third process, WebSockets have their hop. */
export async function startPair(kind: EndKind, places?: Places): Promise<Pair> {
	const children: Child<never>[] = [];
	const args: string[] = [kind];
	let url = '';
	if (kind === 'hop') {
		const hop = new Child<SignalServerApi>('./signal-server-process.ts', ['bare']);
		children.push(hop);
		url = `ws://localhost:${await hop.call('start')}`;
	} else if (kind !== 'raw') {
		const master = new Child<MasterApi>('./master.ts', [], { netns: places?.server });
		children.push(master);
		url = `ws://${places?.address ?? 'localhost'}:${await master.call('start', 0, kind === 'relay' ? UNLIMITED : {})}`;
	}
	args.push(url);
	const server = new Child<EndApi>('./end.ts', args, { netns: places?.server });
	const client = new Child<EndApi>('./end.ts', args, { netns: places?.client });
	children.push(server, client);
	server.onSignal = (signal) => client.signal(signal);
	client.onSignal = (signal) => server.signal(signal);
	await server.call('serve');
	return {
		server,
		client,
		url,
		stop: async () => {
			await Promise.all(children.map((child) => child.stop()));
		},
	};
}

/** Runs `measure` with one kind and then the other, again and again, so that what disturbs one disturbs both. */
export async function alternate<T>(
	rounds: number,
	measure: (kind: Kind) => Promise<T>,
): Promise<{ ours: T; raw: T }[]> {
	const results: { ours: T; raw: T }[] = [];
	for (let round = 0; round < rounds; round++) {
		if (round % 2 === 0) results.push({ ours: await measure('ours'), raw: await measure('raw') });
		else {
			const raw = await measure('raw');
			results.push({ ours: await measure('ours'), raw });
		}
	}
	return results;
}
