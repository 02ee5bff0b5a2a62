/** What a user's compiler sees. Nothing here runs: `tsc -b`, a part of `npm run check`, is the test. */
import type { Duplex } from 'node:stream';
import type { MasterConnection, SlaveConnection, SlaveConnectionState } from '../../src/client/node.js';
import type {
	Channel,
	ClientConnection,
	EnslavismError,
	ErrorCode,
	ListedSlave,
	Master,
	MasterOptions,
	PathKind,
	RelayAllowances,
	Slave,
	SlaveOptions,
	streamServers,
} from '../../src/index.js';
import type { Introducer } from '../../src/signal/node.js';
import type { StreamClient, StreamServerOptions } from '../../src/streams/node/index.js';

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
	true satisfies Same<SlaveConnection['path'], PathKind | undefined>,
	true satisfies Same<ClientConnection['path'], 'rtc' | 'relay' | undefined>,
	true satisfies Same<SlaveOptions['paths'], readonly PathKind[] | undefined>,
	true satisfies Same<StreamServerOptions['paths'], SlaveOptions['paths']>,
	true satisfies Same<SlaveOptions['portRange'], readonly [number, number] | undefined>,
	true satisfies Same<SlaveOptions['publicAddress'], string | readonly string[] | undefined>,
	true satisfies Same<SlaveOptions['certificate'], { cert: string; key: string } | undefined>,
	true satisfies Same<
		Pick<SlaveOptions, 'port' | 'bindAddress' | 'direct'>,
		{ port?: number; bindAddress?: string; direct?: boolean }
	>,
	true satisfies Same<MasterOptions['relay'], RelayAllowances | false | undefined>,
	true satisfies Same<Extract<ErrorCode, 'no-common-path'>, 'no-common-path'>,
	true satisfies Same<Channel['binaryType'], 'arraybuffer'>,
	true satisfies Same<EnslavismError['reason'], string | undefined>,
	true satisfies Same<ReturnType<ReturnType<typeof streamServers>['connect']> extends Duplex ? true : false, true>,
	true satisfies Same<ReturnType<StreamClient['connect']> extends Duplex ? true : false, true>,
	true satisfies Same<ReturnType<Introducer['join']>, Introducer>,
];
