/**
 * For every event that a user can listen to in Node: somebody's listener of it throws while another session is open in
 * the same process. Each plot tells whether that other session, and the one concerned where it should, went on.
 */
import { MasterConnection, type SlaveConnection } from '../../src/client/node.js';
import { type Channel, type ClientConnection, Master, Slave } from '../../src/index.js';
import { next, turns, within } from './wait.js';

/** Everything that takes part. */
interface Stage {
	master: Master;
	url: string;
	slave: Slave;
	client: MasterConnection;
	slaveCo: SlaveConnection;
	/** Adds a listener of the user that throws. */
	listener: () => never;
	/** Resolves when it has thrown. */
	thrown: Promise<void>;
}

async function seen(client: MasterConnection, id: string): Promise<SlaveConnection> {
	for (;;) {
		const found = client.slaves.find((each) => each.id === id);
		if (found !== undefined) return found;
		await next(client, 'slaveadded');
	}
}

/** Whether a message comes back on this channel. */
async function answers(channel: Channel): Promise<boolean> {
	const answer = next(channel, 'message');
	channel.send('ping');
	return (await answer)[0].data === 'ping';
}

async function echoSlave(url: string): Promise<Slave> {
	const slave = await new Slave(url, 'echo');
	slave.on('connection', (client) => {
		client.on('datachannel', (channel) => channel.on('message', ({ data }) => channel.send(data)));
	});
	return slave;
}

type Plot = (where: string) => Promise<boolean>;

/** What masters logged, because nobody listens to their `error`. */
export const logged: string[] = [];

/** Sets the stage with a bystander, lets `act` provoke the listener, and asks whether the bystander's session goes on. */
function plot(act: (stage: Stage) => Promise<unknown>): Plot {
	return async (where) => {
		const master = new Master(0, { tick: 1, log: (line) => logged.push(line) });
		await master.ready;
		const url = `ws://localhost:${master.address()?.port}`;
		const [slave, other] = [await new Slave(url, 'slave'), await echoSlave(url)];
		const [client, bystander] = [new MasterConnection(url), new MasterConnection(url)];
		const slaveCo = await seen(client, slave.id);
		const channel = await (await seen(bystander, other.id)).createDataChannel('bystander');
		let happened = () => {};
		const thrown = new Promise<void>((resolve) => {
			happened = resolve;
		});
		const listener = function userListener(): never {
			happened();
			throw new Error(`thrown by the listener of ${where}`);
		};
		try {
			await act({ master, url, slave, client, slaveCo, listener, thrown });
			await within(thrown, where);
			await turns();
			return await answers(channel);
		} finally {
			for (const each of [client, bystander, slave, other]) each.close();
			await master.close();
		}
	};
}

/** A plot with an open session. */
function session(act: (stage: Stage & { clientCo: ClientConnection }) => Promise<unknown>): Plot {
	return plot(async (stage) => {
		const [[clientCo]] = await Promise.all([next(stage.slave, 'connection'), stage.slaveCo.connect()]);
		await act({ ...stage, clientCo });
	});
}

/** A plot with an open channel. */
function channels(act: (ends: { near: Channel; far: Channel; listener: () => never }) => unknown): Plot {
	return session(async ({ slaveCo, clientCo, listener }) => {
		const [[far], near] = await Promise.all([next(clientCo, 'datachannel'), slaveCo.createDataChannel('x')]);
		await act({ near, far, listener });
	});
}

/** Does not mind that what it provokes fails. */
const provoke = (promise: Promise<unknown>) => promise.catch(() => {});

export const plots: Record<string, Plot> = {
	'slave offer': plot(async ({ slave, slaveCo, listener }) => {
		slave.on('offer', listener);
		await provoke(slaveCo.connect());
	}),
	'slave offer, async': plot(async ({ slave, slaveCo, listener }) => {
		slave.on('offer', async () => {
			await turns();
			listener();
		});
		await provoke(slaveCo.connect());
	}),
	'slave connection': plot(async ({ slave, slaveCo, listener }) => {
		slave.on('connection', listener);
		await slaveCo.connect();
	}),
	'slave close': plot(async ({ slave, listener }) => {
		slave.on('close', listener);
		slave.close();
	}),
	'slave error': plot(async ({ slave, slaveCo, listener }) => {
		slave.on('error', listener);
		slave.on('offer', () => {
			throw new Error('first');
		});
		await provoke(slaveCo.connect());
	}),
	'clientCo datachannel': session(async ({ slaveCo, clientCo, listener }) => {
		clientCo.on('datachannel', listener);
		await slaveCo.createDataChannel('x');
	}),
	'clientCo close': session(async ({ slaveCo, clientCo, listener }) => {
		clientCo.on('close', listener);
		slaveCo.close();
	}),
	'far open': session(async ({ slaveCo, clientCo, listener }) => {
		clientCo.on('datachannel', (far) => far.on('open', listener));
		await slaveCo.createDataChannel('x');
	}),
	'far message': channels(({ near, far, listener }) => {
		far.on('message', listener);
		near.send('x');
	}),
	'far message, async': channels(({ near, far, listener }) => {
		far.on('message', async () => listener());
		near.send('x');
	}),
	'far onmessage': channels(({ near, far, listener }) => {
		far.onmessage = listener;
		near.send('x');
	}),
	'far close': channels(({ near, far, listener }) => {
		far.on('close', listener);
		near.close();
	}),
	'far bufferedamountlow': channels(({ far, listener }) => {
		far.on('bufferedamountlow', listener);
		// Where the other end keeps up, the first megabyte never waits.
		for (let count = 0; count < 250 && far.bufferedAmount === 0; count++) far.send(new Uint8Array(60_000));
	}),
	'far error': channels(({ near, far, listener }) => {
		far.on('error', listener);
		for (let count = 0; count < 30; count++) near.send(new Uint8Array(60_000));
	}),
	'near message': channels(({ near, far, listener }) => {
		near.on('message', listener);
		far.send('x');
	}),
	'near close': channels(({ near, far, listener }) => {
		near.on('close', listener);
		far.close();
	}),
	'slaveCo open': plot(async ({ slaveCo, listener }) => {
		slaveCo.on('open', listener);
		await slaveCo.connect();
	}),
	'slaveCo rejected': plot(async ({ slave, slaveCo, listener }) => {
		slaveCo.on('rejected', listener);
		slave.on('offer', (reject) => reject());
		await provoke(slaveCo.connect());
	}),
	'slaveCo close': session(async ({ slaveCo, clientCo, listener }) => {
		slaveCo.on('close', listener);
		clientCo.close();
	}),
	'slaveCo datachannel': session(async ({ slaveCo, clientCo, listener }) => {
		slaveCo.on('datachannel', listener);
		await clientCo.createDataChannel('x');
	}),
	'slaveCo updated': plot(async ({ slave, slaveCo, listener }) => {
		slaveCo.on('updated', listener);
		slave.update(1);
	}),
	'client slaveadded': plot(async ({ client, url, listener, thrown }) => {
		client.on('slaveadded', listener);
		const another = await new Slave(url);
		await thrown;
		another.close();
	}),
	'client slaveupdated': plot(async ({ slave, client, listener }) => {
		client.on('slaveupdated', listener);
		slave.update(1);
	}),
	'client slaveremoved': plot(async ({ slave, client, listener }) => {
		client.once('slaveremoved', listener);
		slave.close();
	}),
	'client open': plot(async ({ url, listener, thrown }) => {
		const another = new MasterConnection(url);
		another.on('open', listener);
		await thrown;
		another.close();
	}),
	'client close': plot(async ({ client, listener }) => {
		client.on('close', listener);
		client.close();
	}),
	'master slaveadded': plot(async ({ master, url, listener }) => {
		master.on('slaveadded', listener);
		(await new Slave(url)).close();
	}),
	'master slaveupdated': plot(async ({ master, slave, listener }) => {
		master.on('slaveupdated', listener);
		slave.update(1);
	}),
	'master slaveremoved': plot(async ({ master, slave, listener }) => {
		master.once('slaveremoved', listener);
		slave.close();
	}),
	'master slaveconnection': plot(async ({ master, url, listener }) => {
		master.on('slaveconnection', listener);
		(await new Slave(url)).close();
	}),
	'master clientconnection': plot(async ({ master, url, listener }) => {
		master.on('clientconnection', listener);
		const another = new MasterConnection(url);
		await another.ready;
		another.close();
	}),
	'master slaveauth': plot(async ({ master, url, listener }) => {
		master.on('slaveauth', listener);
		await provoke(new Slave(url));
	}),
	'master slaveauth, async': plot(async ({ master, url, listener }) => {
		master.on('slaveauth', async () => {
			await turns();
			listener();
		});
		await provoke(new Slave(url));
	}),
	'master clientauth': plot(async ({ master, url, listener }) => {
		master.on('clientauth', listener);
		await provoke(new MasterConnection(url).ready);
	}),
	'master clientauth, async': plot(async ({ master, url, listener }) => {
		master.on('clientauth', async () => {
			await turns();
			listener();
		});
		await provoke(new MasterConnection(url).ready);
	}),
	'master error': plot(async ({ master, url, listener }) => {
		master.on('error', listener);
		master.on('slaveauth', () => {
			throw new Error('first');
		});
		await provoke(new Slave(url));
	}),
};
