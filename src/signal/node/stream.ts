import { Duplex } from 'node:stream';
import { EnslavismError, rethrowLater } from '../../wire/index.js';
import * as LIMITS from '../../wire/limits.js';
import { Face, type StreamSource } from '../face/index.js';

/**
 * A piped socket or an echo as a Node `Duplex` of bytes, whatever the bounds of its messages are. `end()` closes it, in
 * both directions: a socket has no other way.
 *
 * A socket cannot be made to wait: when 16 MiB are not read, the stream is destroyed with `unread-overflow`. Errors of
 * the other end need no listener.
 */
export function streamOf(source: StreamSource): Duplex {
	const face = new Face(source, {
		data: (bytes) => {
			if (stream.readableLength + bytes.length > LIMITS.channelBufferedBytes) stream.destroy(face.overflow());
			else stream.push(bytes);
		},
		ended: (error) => {
			if (error === undefined) stream.push(null);
			else stream.destroy(error);
		},
	});
	const stream = new Duplex({
		allowHalfOpen: false,
		read: () => {},
		write: (chunk: Buffer, _encoding, done) => face.write(chunk, (error) => done(error)),
		final: (done) => {
			face.end(() => {
				stream.push(null);
				done();
			});
		},
		destroy: (error, done) => {
			face.destroy();
			done(error);
		},
	});
	// Node ends the process for an error that nobody listens for; the other end must not have that power.
	stream.on('error', (error) => {
		if (!(error instanceof EnslavismError) && stream.listenerCount('error') === 1) rethrowLater(error);
	});
	return stream;
}
