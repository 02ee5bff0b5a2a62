import assert from 'node:assert/strict';
import { it } from 'node:test';
import { hold, openConnection, stream } from '../support/native-pair.js';
import { within } from '../support/wait.js';

it('a connection in Node that is being closed gives no more channels, also before it has told', async (t) => {
	const { client: near, slave: far } = await within(openConnection(), 'the connection');
	t.after(() => near.close());
	t.after(() => far.close());
	stream(near, 'in time', 0);
	const over = new Promise<void>((resolve) => {
		near.onconnectionstatechange = () => near.connectionState === 'closed' && resolve();
	});
	far.close();
	await new Promise(setImmediate);
	// What the library does meanwhile is told when this turn has ended, not before.
	let problem: unknown;
	for (let id = 1; problem === undefined && id < 1000; id++) {
		hold(10);
		try {
			stream(near, 'too late', id);
		} catch (thrown) {
			problem = thrown;
		}
	}
	assert.equal(near.connectionState, 'connected');
	assert.match(String(problem), /the connection is over/);
	await within(over, 'the news');
});
