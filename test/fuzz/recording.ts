/** What is said in a real session, recorded at the master. */
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { MasterConnection } from '../../src/client/node.js';
import { Master, Slave } from '../../src/index.js';

export interface Recording {
	/** Frames from a client, and from a slave. */
	readonly client: string[];
	readonly slave: string[];
	/** Frames from the master to each. */
	readonly toClient: string[];
	readonly toSlave: string[];
	/** Upgrade requests, whole. */
	readonly upgrades: string[];
}

function requestOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
	const lines = [`${method} ${url} HTTP/${httpVersion}`];
	for (let at = 0; at < rawHeaders.length; at += 2) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
	return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Descriptions of programs hold their candidates; browsers send them one by one. */
const CANDIDATE =
	'{"t":"candidate","session":"s","candidate":"candidate:1 1 UDP 2122317823 192.0.2.1 40000 typ host","mid":"0"}';

/** What is said before anybody can record it, or not within so short a session. */
const BEAT = '{"t":"beat"}';
const WELCOME = '{"t":"welcome","id":"s","resume":"id.zz.mac","heartbeat":15000}';

const RESUMED = '{"t":"resumed","seq":3}';
const SNAPSHOT =
	'{"t":"snapshot","epoch":"e","seq":3,"slaves":[{"id":"a","data":"[1]","state":"draining"},{"id":"b","data":"[2]","auth":"[3]"}],"settled":true}';

/** Records a client and a slave that meet, talk, lose their links, come back and part. */
export async function record(): Promise<Recording> {
	const recording: Recording = {
		client: [CANDIDATE, BEAT],
		slave: [CANDIDATE, BEAT],
		toClient: [WELCOME, SNAPSHOT, RESUMED],
		toSlave: [BEAT],
		upgrades: [],
	};
	const master = new Master(0, { tick: 1 });
	const sockets: WebSocket[] = [];
	const tap =
		(said: string[], heard: string[]) =>
		(ws: WebSocket, { request }: { request: IncomingMessage }) => {
			sockets.push(ws);
			recording.upgrades.push(requestOf(request));
			ws.on('message', (data, isBinary) => isBinary || said.push(String(data)));
			const send = ws.send.bind(ws) as (data: unknown, options?: { binary?: boolean }) => void;
			ws.send = ((data: unknown, options?: { binary?: boolean }) => {
				if (typeof data === 'string' || options?.binary === false) heard.push(String(data));
				send(data, options);
			}) as typeof ws.send;
		};
	master.on('clientconnection', tap(recording.client, recording.toClient));
	master.on('slaveconnection', tap(recording.slave, recording.toSlave));
	try {
		await play(master, sockets);
	} finally {
		await master.close();
	}
	return recording;
}

async function play(master: Master, sockets: WebSocket[]): Promise<void> {
	await master.ready;
	const url = `ws://localhost:${master.address()?.port}`;
	const slave = await new Slave(url, { name: 'Möbius', at: new Date(0), map: new Map([[1, 2n]]) }, { key: 'secret' });
	const client = new MasterConnection(url, { auth: { name: 'Ann' } });
	try {
		await client.ready;
		const slaveCo = client.slaves[0];
		const channel = await slaveCo?.createDataChannel('talk', { ordered: false, maxRetransmits: 0 });
		const updated = new Promise<void>((resolve) => client.once('slaveupdated', () => resolve()));
		slave.update({ players: 1 });
		await updated;
		const back = [happens(client, 'reconnected'), happens(slave, 'reconnected')];
		for (const socket of sockets) socket.terminate();
		await Promise.all(back);
		slave.once('offer', (reject) => reject('full'));
		channel?.close();
		slaveCo?.close('enough');
		await slaveCo?.connect().catch(() => {});
		await slave.drain({ deadline: 0 });
	} finally {
		client.close();
		slave.close();
	}
}

function happens(emitter: MasterConnection | Slave, event: 'reconnected'): Promise<void> {
	return new Promise((resolve) => (emitter as MasterConnection).once(event, () => resolve()));
}
