import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A program of the example, and what it says. */
function start(
	file: string,
	...more: string[]
): { child: ChildProcess; said: (text: RegExp) => Promise<RegExpExecArray> } {
	const child = spawn(process.execPath, ['--import', 'tsx', `examples/mux/${file}`, ...more], { cwd: ROOT });
	let output = '';
	child.stdout.setEncoding('utf8').on('data', (part: string) => {
		output += part;
	});
	child.stderr.pipe(process.stderr);
	const said = async (text: RegExp): Promise<RegExpExecArray> => {
		for (;;) {
			const found = text.exec(output);
			if (found !== null) return found;
			await once(child.stdout, 'data');
		}
	};
	return { child, said };
}

describe('the example of two processes', { timeout: 60_000 }, () => {
	let folder = '';

	before(async () => {
		folder = await mkdtemp(join(tmpdir(), 'mux-example-'));
	});

	after(() => rm(folder, { recursive: true }));

	it('sends files over one connection, and ends in order', async () => {
		const files = ['large.bin', 'small.txt'].map((name) => join(folder, name));
		const contents = [randomBytes(3_000_000), Buffer.from('small')];
		for (const [index, file] of files.entries()) await writeFile(file, contents[index] as Buffer);
		const server = start('server.ts', join(folder, 'received'), '0');
		const [, port = ''] = await server.said(/listening on (\d+)/);
		const client = start('client.ts', port, ...files);
		const closed = once(client.child, 'exit');
		await client.said(/sent 2 files/);
		await client.said(/files go to/);
		assert.deepEqual(await closed, [0, null]);
		for (const [index, name] of ['large.bin', 'small.txt'].entries()) {
			assert.ok((await readFile(join(folder, 'received', name))).equals(contents[index] as Buffer));
		}
		const ended = once(server.child, 'exit');
		server.child.kill('SIGINT');
		assert.deepEqual(await ended, [0, null]);
	});
});
