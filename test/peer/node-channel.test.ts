import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { DataChannel } from 'node-datachannel';
import { NodeChannel } from '../../src/peer/node/rtc-channel.js';
import { turns } from '../support/wait.js';

/** A native channel whose callbacks a test calls. */
function nativeFor() {
	const calls: { open?: () => void; closed?: () => void; message?: (data: string) => void } = {};
	let open = false;
	let closes = 0;
	const native = {
		isOpen: () => open,
		onOpen: (callback: () => void) => {
			calls.open = callback;
		},
		onClosed: (callback: () => void) => {
			calls.closed = callback;
		},
		onMessage: (callback: (data: string) => void) => {
			calls.message = callback;
		},
		close: () => closes++,
	};
	return {
		native: native as unknown as DataChannel,
		calls,
		closes: () => closes,
		become(isOpen: boolean): void {
			open = isOpen;
		},
	};
}

function channelOf(native: DataChannel) {
	const told: string[] = [];
	const channel = new NodeChannel(native, { left: () => told.push('left'), over: () => told.push('over') });
	const tell = (what: string) => () => void told.push(what);
	channel.onopen = tell('open');
	channel.onmessage = ({ data }) => told.push(String(data));
	channel.onbufferedamountlow = tell('low');
	channel.onclose = tell('closed');
	return { channel, told };
}

it('a channel in Node is open before its first message, also when the library tells it afterwards', async () => {
	const { native, calls, become } = nativeFor();
	const { told } = channelOf(native);
	await turns(2);
	become(true);
	calls.message?.('first');
	calls.message?.('second');
	calls.open?.();
	await turns(2);
	calls.message?.('third');
	assert.deepEqual(told, ['open', 'first', 'second', 'third']);
});

it('a channel in Node that is closed before it is open is closed natively when it is', async () => {
	const { native, calls, become, closes } = nativeFor();
	const { channel, told } = channelOf(native);
	channel.close();
	await turns(2);
	assert.equal(closes(), 0, 'the library may be closing it in this moment');
	become(true);
	calls.open?.();
	await turns(2);
	assert.equal(closes(), 1);
	calls.message?.('late');
	calls.closed?.();
	await turns(2);
	assert.deepEqual(told, ['closed', 'left', 'over']);
});

it('a channel in Node that the other end has closed is not closed natively', async () => {
	const { native, calls, become, closes } = nativeFor();
	const { channel, told } = channelOf(native);
	become(true);
	calls.open?.();
	await turns(2);
	become(false);
	channel.close();
	await turns(2);
	calls.closed?.();
	await turns(2);
	assert.equal(closes(), 0);
	assert.deepEqual(told, ['open', 'closed', 'over']);
});
