import type { DataChannelOptions } from '../../src/client/node.js';

/** A message, as the kind of channel gives and takes it. */
export type Bytes = ArrayBuffer | Uint8Array;

/** A data channel reduced to what is measured, so that both kinds are driven by the same code. */
export interface Pipe {
	readonly label: string;
	send(bytes: Bytes): void;
	buffered(): number;
	/** Calls `receive` with every message. */
	listen(receive: (bytes: Bytes) => void): void;
	/** Calls `low` whenever what waits has fallen to `threshold` bytes. */
	whenLow(threshold: number, low: () => void): void;
}

/** Whose channels: the project's, or node-datachannel's as it comes. */
export type Kind = 'ours' | 'raw';

/** The same; `relay`: the project's through its master only; `hop`: bare WebSockets through a server that joins them. */
export type EndKind = Kind | 'relay' | 'hop';

/** One end of connections: serves, or opens. */
export interface End {
	serve(accept: (pipe: Pipe) => void): Promise<void>;
	/** Opens a channel over a connection of its own. */
	open(label: string, options: DataChannelOptions): Promise<Pipe>;
	/** A message of the other end's signalling. */
	signal(signal: unknown): void;
}
