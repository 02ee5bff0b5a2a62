import { MuxBase } from '../host/index.js';
import type { Stream } from '../index.js';
import { MuxStream } from './stream.js';

/** Many streams over one connection, each a Node `Duplex`. */
export class Mux extends MuxBase<MuxStream> {
	/** @internal */
	protected override show(stream: Stream, meta: unknown): MuxStream {
		return new MuxStream(this.session, stream, meta);
	}
}
