import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { MuxClient, MuxServer, type MuxStream, util } from '../../src/mux/node/index.js';

const MIB = 1024 * 1024;
const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('a file over a stream', { timeout: 20_000 }, () => {
	const bytes = randomBytes(5 * MIB + 123);
	let folder = '';
	let source = '';
	let server: MuxServer;
	let client: MuxClient;

	before(async () => {
		folder = await mkdtemp(join(tmpdir(), 'mux-files-'));
		source = join(folder, 'source');
		await writeFile(source, bytes);
		server = new MuxServer(0);
		await server.ready;
	});

	after(async () => {
		await server.close({ force: true });
		await rm(folder, { recursive: true });
	});

	afterEach(() => client.destroy());

	/** A stream's both ends. */
	async function twoEnds(): Promise<{ mine: MuxStream; theirs: MuxStream }> {
		const taken = new Promise<MuxStream>((resolve) => {
			server.once('connection', (connection) => connection.once('stream', resolve));
		});
		client = new MuxClient(server.address()?.port ?? 0);
		client.on('error', () => {});
		const mine = client.openStream();
		return { mine, theirs: await taken };
	}

	it('arrives whole, and both ends close', async () => {
		const { mine, theirs } = await twoEnds();
		const target = join(folder, 'whole');
		const closed = Promise.all([mine, theirs].map((stream) => new Promise((resolve) => stream.once('close', resolve))));
		await Promise.all([util.sendFile(source, mine), util.receiveFile(target, theirs)]);
		assert.equal(hash(await readFile(target)), hash(bytes));
		await closed;
	});

	it('tells its progress at both ends', async () => {
		const { mine, theirs } = await twoEnds();
		const sent: [number, number | undefined][] = [];
		const received: [number, number | undefined][] = [];
		await Promise.all([
			util.sendFile(source, mine, { progress: (...now) => sent.push(now) }),
			util.receiveFile(join(folder, 'seen'), theirs, { progress: (...now) => received.push(now) }),
		]);
		assert.deepEqual(sent.at(-1), [bytes.length, bytes.length]);
		assert.deepEqual(received.at(-1), [bytes.length, undefined]);
		assert.ok(sent.length > 10 && sent.every(([now], at) => at === 0 || now > (sent[at - 1]?.[0] ?? 0)));
	});

	it('leaves nothing behind when the transfer is cut', async () => {
		const { mine, theirs } = await twoEnds();
		const target = join(folder, 'cut');
		const progress = (got: number) => {
			if (got > MIB) client.destroy();
		};
		await Promise.all([
			assert.rejects(util.receiveFile(target, theirs, { progress })),
			assert.rejects(util.sendFile(source, mine)),
		]);
		assert.deepEqual(
			(await readdir(folder)).filter((name) => name.includes('cut')),
			[],
		);
	});

	it('keeps what had the name before when the transfer is cut', async () => {
		const { mine, theirs } = await twoEnds();
		const target = join(folder, 'kept');
		await writeFile(target, 'before');
		mine.write('half of');
		const receiving = util.receiveFile(target, theirs, { progress: () => mine.destroy() });
		await assert.rejects(receiving);
		assert.equal(String(await readFile(target)), 'before');
	});

	it('grows under another name', async () => {
		const { mine, theirs } = await twoEnds();
		const target = join(folder, 'growing');
		let seen: string[] = [];
		const receiving = util.receiveFile(target, theirs);
		mine.write('first half, ');
		while (seen.length === 0) {
			seen = (await readdir(folder)).filter((name) => name.includes('growing'));
		}
		assert.ok(seen.every((name) => name.startsWith('.growing.') && name.endsWith('.part')));
		mine.end('second half');
		await receiving;
		assert.equal(String(await readFile(target)), 'first half, second half');
	});

	it('that is not there resets the stream, so that the receiver knows', async () => {
		const { mine, theirs } = await twoEnds();
		const receiving = assert.rejects(util.receiveFile(join(folder, 'missing'), theirs));
		await assert.rejects(util.sendFile(join(folder, 'no such file'), mine), { code: 'ENOENT' });
		await receiving;
	});

	it('stops at an AbortSignal', async () => {
		const { mine, theirs } = await twoEnds();
		const abort = new AbortController();
		const receiving = util.receiveFile(join(folder, 'stopped'), theirs, {
			progress: () => abort.abort(),
			signal: abort.signal,
		});
		const sending = assert.rejects(util.sendFile(source, mine));
		await assert.rejects(receiving, { name: 'AbortError' });
		await sending;
	});

	it('of no bytes arrives too', async () => {
		const { mine, theirs } = await twoEnds();
		const empty = join(folder, 'empty');
		await writeFile(empty, '');
		await Promise.all([util.sendFile(empty, mine), util.receiveFile(join(folder, 'nothing'), theirs)]);
		assert.equal((await readFile(join(folder, 'nothing'))).length, 0);
	});
});
