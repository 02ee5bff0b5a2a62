import type { Channel, ClientConnection, Slave } from '../../src/index.js';

/** What the next `event` tells: the first argument of its listeners. */
export function next<First>(target: { once: unknown }, event: string): Promise<First> {
	const { once } = target as { once(event: string, listener: (first: First) => void): unknown };
	return new Promise((resolve) => Reflect.apply(once, target, [event, resolve]));
}

/** The first client of a slave, once it has opened that many channels: its page may use them before the slave has heard. */
export function playing(slave: Slave, count: number): Promise<{ client: ClientConnection; channels: Channel[] }> {
	const channels: Channel[] = [];
	return new Promise((resolve) => {
		slave.once('connection', (client) =>
			client.on('datachannel', (channel) => {
				if (channels.push(channel) === count) resolve({ client, channels });
			}),
		);
	});
}
