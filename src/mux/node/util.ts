import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Duplex, Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Options of {@link sendFile} and {@link receiveFile}. */
export interface FileOptions {
	/** Called as bytes pass; `total` is the file's size, and known to its sender only. */
	progress?: (bytes: number, total: number | undefined) => void;
	/** Stops the transfer. */
	signal?: AbortSignal;
}

const CHUNK_BYTES = 64 * 1024;

/**
 * Sends a file over a stream, and ends this end's direction of it. Resolves when all of it has left; rejects with the
 * file's or the stream's error, and then the stream is reset, so that the receiver knows.
 */
export async function sendFile(file: string, stream: Duplex, options: FileOptions = {}): Promise<void> {
	// The other end says nothing, but it ends its direction, and somebody has to notice.
	if (stream.readableFlowing === null && stream.listenerCount('readable') === 0) stream.resume();
	try {
		const { size } = await stat(file);
		await pipeline(
			[createReadStream(file, { highWaterMark: CHUNK_BYTES }), ...counting(options.progress, size), stream],
			withSignal(options.signal),
		);
	} catch (thrown) {
		stream.destroy();
		throw thrown;
	}
}

/**
 * Writes what a stream brings to a file. It grows under another name in the same folder and gets its own when it is
 * whole, replacing what had it before; of a transfer that was cut nothing stays. Ends this end's direction of the
 * stream when the file is there.
 */
export async function receiveFile(file: string, stream: Duplex, options: FileOptions = {}): Promise<void> {
	const part = join(dirname(file), `.${basename(file).slice(0, 200)}.${randomBytes(6).toString('hex')}.part`);
	try {
		await pipeline(
			[
				stream,
				...counting(options.progress, undefined),
				createWriteStream(part, { flags: 'wx', highWaterMark: CHUNK_BYTES }),
			],
			withSignal(options.signal),
		);
		await rename(part, file);
		// The other direction stayed open: its end is what tells the sender.
		stream.end();
	} catch (thrown) {
		stream.destroy();
		await rm(part, { force: true });
		throw thrown;
	}
}

function withSignal(signal: AbortSignal | undefined): { signal?: AbortSignal } {
	return signal === undefined ? {} : { signal };
}

function counting(progress: FileOptions['progress'], total: number | undefined): Transform[] {
	if (progress === undefined) return [];
	let bytes = 0;
	return [
		new Transform({
			highWaterMark: CHUNK_BYTES,
			transform(chunk: Buffer, _encoding: BufferEncoding, next: TransformCallback) {
				bytes += chunk.length;
				progress(bytes, total);
				next(null, chunk);
			},
		}),
	];
}
