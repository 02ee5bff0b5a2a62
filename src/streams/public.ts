import type { StreamHandler } from '../mux/index.js';
import { BaseStreamClient, type StreamClientOptions } from './client.js';
import type { MasterLike, StreamsHost } from './host.js';
import { BaseStreamServer, type OnStream, type StreamServerOptions } from './server.js';

/** What `StreamServer` is to its users: called, with `new` or without. */
export interface StreamServerConstructor<Face extends StreamHandler> {
	/**
	 * A server that gets its name by `.listen(name)`.
	 *
	 * @param master a `MasterConnection`: where the server is known
	 * @param onStream called with each stream that somebody opens
	 * @throws EnslavismError `bad-option`
	 */
	(master: MasterLike, onStream: OnStream<Face>): BaseStreamServer<Face>;
	(master: MasterLike, options: StreamServerOptions, onStream: OnStream<Face>): BaseStreamServer<Face>;
	new (master: MasterLike, onStream: OnStream<Face>): BaseStreamServer<Face>;
	new (master: MasterLike, options: StreamServerOptions, onStream: OnStream<Face>): BaseStreamServer<Face>;
	readonly prototype: BaseStreamServer<Face>;
}

/** What `StreamClient` is to its users: called, with `new` or without. */
export interface StreamClientConstructor<Face extends StreamHandler> {
	/**
	 * Opens streams to servers, by `.connect(name)`.
	 *
	 * @param master a `MasterConnection`: where the servers are known
	 * @throws EnslavismError `bad-option`
	 */
	(master: MasterLike, options?: StreamClientOptions): BaseStreamClient<Face>;
	new (master: MasterLike, options?: StreamClientOptions): BaseStreamClient<Face>;
	readonly prototype: BaseStreamClient<Face>;
}

/** The public classes of one host. */
export function streamsFor<Face extends StreamHandler>(host: StreamsHost<Face>) {
	// Functions, because the first users of these names call them without `new`.
	function StreamServer(
		master: MasterLike,
		options: StreamServerOptions | OnStream<Face>,
		onStream?: OnStream<Face>,
	): BaseStreamServer<Face> {
		return new BaseStreamServer(host, master, options, onStream);
	}
	StreamServer.prototype = BaseStreamServer.prototype;
	function StreamClient(master: MasterLike, options?: StreamClientOptions): BaseStreamClient<Face> {
		return new BaseStreamClient(host, master, options);
	}
	StreamClient.prototype = BaseStreamClient.prototype;
	return {
		StreamServer: StreamServer as unknown as StreamServerConstructor<Face>,
		StreamClient: StreamClient as unknown as StreamClientConstructor<Face>,
	};
}
