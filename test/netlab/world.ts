import { type ClientActor, type ClientKind, ClientActor as Clients, MasterActor, SlaveActor } from './actor.js';
import { type Coturn, startCoturn } from './coturn.js';
import { type Host, Netlab } from './netlab.js';

/** Half of the time from one host to the other, in milliseconds: a round trip between any two takes four times as long. */
export const ROAD_MS = 10;

/** The port on which the slaves of the world take their sessions. */
const SLAVE_PORT = 7000;

/** The port of its router that leads there, for the slave behind one. */
const MAPPED_PORT = 9000;

const KINDS: ClientKind[] = ['Chromium', 'Firefox', 'Node'];

/** What the scenarios take place in. */
export interface World {
	readonly lab: Netlab;
	readonly master: MasterActor;
	/** A client of each kind, each on a host of its own. */
	readonly clients: ReadonlyMap<ClientKind, ClientActor>;
	/** A TURN server, and a master that makes credentials for it. */
	readonly coturn: Coturn;
	readonly turnMaster: MasterActor;
	/** The id of the slave at that master, which is called "turn" and goes over TURN only. */
	readonly turnSlave: string;
	/** Where the slave called "open" runs, and more may. */
	readonly slaveHost: Host;
	close(): Promise<void>;
}

/**
 * Builds it: a master; a slave called "open" on the internet itself; one called "mapped" behind a router that leads a
 * port to it; a client of each kind; and a TURN server with a master and a slave of its own.
 */
export async function openWorld(): Promise<World> {
	const lab = Netlab.open();
	try {
		const host = (name: string): Promise<Host> => lab.host(name, { delay: ROAD_MS });
		const [masterHost, slaveHost, mappedHost] = [await host('master'), await host('slave'), await host('mapped')];
		await mappedHost.nat('cone', [{ outside: MAPPED_PORT, inside: SLAVE_PORT }]);
		const coturn = await startCoturn(await host('turn'));
		const clientHosts = new Map<ClientKind, Host>();
		for (const kind of KINDS) clientHosts.set(kind, await host(kind.toLowerCase()));
		const [slave, mapped] = [new SlaveActor(slaveHost), new SlaveActor(mappedHost)];
		const [master, turnMaster] = await Promise.all([
			MasterActor.open(masterHost),
			MasterActor.open(masterHost, { turn: coturn.turn }),
		]);
		const clients = new Map<ClientKind, ClientActor>();
		const [turnSlave] = await Promise.all([
			slave.register(turnMaster.url, 'turn', { port: SLAVE_PORT, iceTransportPolicy: 'relay' }),
			slave.register(master.url, 'open', { port: SLAVE_PORT }),
			mapped.register(master.url, 'mapped', {
				port: SLAVE_PORT,
				publicAddress: `${mappedHost.outside}:${MAPPED_PORT}`,
			}),
			...Array.from(clientHosts, async ([kind, at]) => {
				clients.set(kind, await Clients.open(at, kind));
			}),
		]);
		return {
			lab,
			master,
			clients,
			coturn,
			turnMaster,
			turnSlave,
			slaveHost,
			close: async () => {
				await Promise.all([...clients.values(), slave, mapped, master, turnMaster].map((actor) => actor.close()));
				await coturn.close();
				await lab.close();
			},
		};
	} catch (error) {
		await lab.close();
		throw error;
	}
}
