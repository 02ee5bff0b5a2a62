import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BOUND } from '../support/browsers.js';
import { freePort, npmStart, runProgram } from '../support/e2e-program.js';

describe('the demo as a program', () => {
	it('is where PORT says, and ends with one line of advice where that is taken', BOUND, async () => {
		const PORT = await freePort();
		const demo = runProgram('examples/demo/start.ts', [], { PORT });
		try {
			await demo.says(new RegExp(`http://localhost:${PORT}/`));
			assert.equal((await fetch(`http://localhost:${PORT}/`)).status, 200);
			const other = runProgram('examples/demo/start.ts', [], { PORT });
			assert.equal(await other.ended, 1);
			assert.match(other.output, new RegExp(`^Port ${PORT} is taken\\. Choose another one: .*\n$`));
		} finally {
			await demo.close();
		}
	});

	it('leaves no process behind at Ctrl-C, which at a terminal reaches all', {
		...BOUND,
		skip: existsSync('/proc/self/stat') ? false : 'needs /proc',
	}, async () => {
		const PORT = await freePort();
		const demo = npmStart({ PORT, NODE_ENV: '' });
		try {
			for (const name of ['Aurora', 'Ember']) await demo.says(new RegExp(`${name} is ready`));
			// What bundles the scripts is a process, too.
			const script = await fetch(`http://localhost:${PORT}/enslavism/client.js`);
			assert.match(await script.text(), /sourceMappingURL/);
			assert.ok(demo.running() >= 4);
			await demo.interrupt();
			for (let tries = 0; demo.running() > 0 && tries < 250; tries++) await sleep(20);
			assert.equal(demo.running(), 0);
			assert.doesNotMatch(demo.output, /Error/);
		} finally {
			await demo.close();
		}
	});
});
