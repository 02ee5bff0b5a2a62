import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BOUND } from '../support/browsers.js';
import { freePort, type Program, runProgram } from '../support/e2e-program.js';

describe('the examples for Node', () => {
	it('unreliable: prints how messages arrive on both channels, and ends with Ctrl-C', BOUND, async () => {
		const PORT = await freePort();
		const env = { PORT, MASTER: `ws://localhost:${PORT}` };
		const programs: Program[] = [];
		const start = async (file: string, ready: RegExp): Promise<Program> => {
			const program = runProgram(`examples/${file}`, [], env);
			programs.push(program);
			await program.says(ready);
			return program;
		};
		try {
			await start('minimal/master.ts', /http:/);
			const slave = await start('unreliable/slave.ts', /Registered/);
			const client = await start('unreliable/client.ts', /reliable/);
			const rows = /│ *'?reliable'? *│ *(\d+)[\s\S]*│ *'?unreliable'? *│ *(\d+)/;
			const [, reliable, unreliable] = await client.says(rows);
			assert.ok(Number(reliable) > 10 && Number(unreliable) > 10, client.output);
			assert.equal(await client.interrupt(), 0);
			assert.equal(await slave.interrupt(), 0);
			assert.doesNotMatch(client.output + slave.output, /Error/);
		} finally {
			await Promise.all(programs.map((program) => program.close()));
		}
	});
});
