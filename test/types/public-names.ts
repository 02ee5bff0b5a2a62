/** What a user's compiler sees. Nothing here runs: `tsc -b`, a part of `npm run check`, is the test. */
import type { Duplex } from 'node:stream';
import type { MasterConnection, SlaveConnection, SlaveConnectionState } from '../../src/client/node.js';
import type {
	Channel,
	ClientConnection,
	EnslavismError,
	ListedSlave,
	Master,
	Slave,
	streamServers,
} from '../../src/index.js';
import type { Introducer } from '../../src/signal/node.js';
import type { StreamClient } from '../../src/streams/node/index.js';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Each line compiles only while it is true. */
export const truths: true[] = [
	true satisfies Same<Master['ready'], Promise<void>>,
	true satisfies Same<Master['slaves'], ListedSlave[]>,
	true satisfies Same<ListedSlave['availability'], 'ready' | 'unreachable' | 'draining'>,
	true satisfies Same<Awaited<ReturnType<typeof Slave.connect>>, Slave>,
	true satisfies Same<ReturnType<Slave['drain']>, Promise<void>>,
	true satisfies Same<Slave['connections'], ClientConnection[]>,
	true satisfies Same<MasterConnection['slaves'], SlaveConnection[]>,
	true satisfies Same<SlaveConnection['state'], SlaveConnectionState>,
	true satisfies Same<SlaveConnection['userData'], unknown>,
	true satisfies Same<ReturnType<SlaveConnection['createDataChannel']>, Promise<Channel>>,
	true satisfies Same<ReturnType<ClientConnection['createDataChannel']>, Promise<Channel>>,
	true satisfies Same<Channel['binaryType'], 'arraybuffer'>,
	true satisfies Same<EnslavismError['reason'], string | undefined>,
	true satisfies Same<ReturnType<ReturnType<typeof streamServers>['connect']> extends Duplex ? true : false, true>,
	true satisfies Same<ReturnType<StreamClient['connect']> extends Duplex ? true : false, true>,
	true satisfies Same<ReturnType<Introducer['join']>, Introducer>,
];
