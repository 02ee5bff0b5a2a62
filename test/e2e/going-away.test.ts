import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MasterConnection } from '../../src/client/node.js';
import { freePort, runProgram } from '../support/e2e-program.js';
import { next, within } from '../support/wait.js';

describe('the examples, told to end by SIGTERM', () => {
	it('let those who play finish, and tell clients when to come back', { timeout: 60_000 }, async (t) => {
		const port = await freePort();
		const master = runProgram('examples/minimal/master.ts', [], { PORT: port });
		t.after(() => master.close());
		await master.says(/http:/);
		const url = `ws://localhost:${port}`;
		const slave = runProgram('examples/minimal/slave.ts', [], { MASTER: url });
		t.after(() => slave.close());
		const client = new MasterConnection(url);
		t.after(() => client.close());
		const [slaveCo] = await next(client, 'slaveadded');
		const channel = await slaveCo.createDataChannel('talk');
		const updated = next(slaveCo, 'updated');
		const ended = slave.terminate();
		await updated;
		assert.equal(slaveCo.availability, 'draining');
		const answered = next(channel, 'message');
		channel.send('still here');
		await answered;
		slaveCo.close();
		assert.equal(await within(ended, 'the slave to end'), 0);
		const trying = next(client, 'reconnecting');
		const over = master.terminate();
		const [attempt, delay] = await trying;
		assert.deepEqual([attempt, delay >= 500 && delay <= 1500], [1, true]);
		assert.equal(await within(over, 'the master to end'), 0);
	});
});
