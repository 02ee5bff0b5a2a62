/** The test network itself: what the scenarios rely on. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { within } from '../support/wait.js';
import { type Host, Netlab, whyNoNetlab } from './netlab.js';

const execute = promisify(execFile);

/** Answers each datagram with the address that it came from. */
const MIRROR = `
	const socket = require('node:dgram').createSocket('udp4');
	socket.on('message', (_, { address, port }) => socket.send(address + ':' + port, port, address));
	socket.bind(7000, () => console.log('ready'));
`;

/** Sends one datagram from port 5000 to each address, prints what it was answered within the bound, and after how many ms. */
const ASK = `
	const socket = require('node:dgram').createSocket('udp4');
	const [bound, from, ...targets] = process.argv.slice(1);
	const at = {};
	socket.on('message', (data, { address, port }) => {
		at[address + ':' + port] = { seen: String(data), ms: performance.now() - sent };
		if (Object.keys(at).length === targets.length) end();
	});
	const end = () => { console.log(JSON.stringify(at)); process.exit(); };
	let sent;
	socket.bind(Number(from), () => {
		sent = performance.now();
		for (const target of targets) { const [host, port] = target.split(':'); socket.send('?', port, host); }
		setTimeout(end, Number(bound));
	});
`;

type Answers = Record<string, { seen: string; ms: number }>;

let ports = 5000;

async function ask(host: Host, targets: string[], bound = 3000): Promise<Answers> {
	const args = ['netns', 'exec', host.namespace, process.execPath, '-e', ASK];
	// Each question comes from a port of its own, so that routers know nothing of it yet.
	const { stdout } = await execute('ip', [...args, String(bound), String(++ports), ...targets]);
	return JSON.parse(stdout) as Answers;
}

async function mirror(host: Host): Promise<ChildProcess> {
	const child = spawn('ip', ['netns', 'exec', host.namespace, process.execPath, '-e', MIRROR], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	await once(child.stdout as NodeJS.ReadableStream, 'data');
	return child;
}

const namespaces = (): string => execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' });

/** For a message that comes to nothing, in milliseconds: ten times what it takes. */
const NEVER_MS = 400;

/** Of each test: a group that is skipped counts for nothing. */
const skip = whyNoNetlab();

describe('a test network', { timeout: 60_000 }, () => {
	let lab: Netlab;
	let one: Host;
	let two: Host;
	let three: Host;

	before(async () => {
		if (skip !== undefined) return;
		lab = Netlab.open();
		one = await lab.host('one', { delay: 10 });
		two = await lab.host('two', { delay: 10 });
		three = await lab.host('three', { delay: 10 });
		await Promise.all([mirror(two), mirror(three)]);
	});
	after(() => lab?.close());

	test('carries packets after the delay of both roads, each way', { skip }, async () => {
		const { [`${two.address}:7000`]: answer } = await ask(one, [`${two.address}:7000`]);
		assert.equal(answer?.seen, `${one.address}:${ports}`);
		assert.ok(answer.ms >= 40, `${answer.ms} ms`);
	});

	test('translates addresses: one port for all destinations, or another for each', { skip }, async () => {
		const targets = [`${two.address}:7000`, `${three.address}:7000`];
		await one.nat('cone');
		const cone = Object.values(await ask(one, targets)).map(({ seen }) => seen);
		assert.deepEqual(cone, [`${one.outside}:${ports}`, `${one.outside}:${ports}`]);
		await one.nat('symmetric');
		const symmetric = Object.values(await ask(one, targets)).map(({ seen }) => seen);
		assert.equal(symmetric.length, 2);
		assert.ok(symmetric.every((seen) => seen.startsWith(`${one.outside}:`) && !seen.endsWith(`:${ports}`)));
		assert.notEqual(symmetric[0], symmetric[1]);
		await one.nat('none');
	});

	test('lets nobody in behind a router but through a mapped port', { skip }, async () => {
		await two.nat('cone', [{ outside: 9000, inside: 7000 }]);
		const targets = [`${two.address}:7000`, `${two.outside}:7000`, `${two.outside}:9000`];
		assert.deepEqual(Object.keys(await ask(one, targets, NEVER_MS)), [`${two.outside}:9000`]);
		await two.nat('none');
	});

	test('blocks UDP and frees it again', { skip }, async () => {
		await two.blockUdp(true);
		assert.deepEqual(await ask(one, [`${two.address}:7000`], NEVER_MS), {});
		await two.blockUdp(false);
		assert.equal(Object.keys(await ask(one, [`${two.address}:7000`])).length, 1);
	});

	test('loses its share of the packets', { skip }, async () => {
		await one.road({ loss: 50 });
		const { stdout } = await execute('ip', [
			...['netns', 'exec', one.namespace, process.execPath, '-e'],
			`const socket = require('node:dgram').createSocket('udp4'); let got = 0; socket.on('message', () => got++);
			for (let n = 0; n < 400; n++) socket.send('?', 7000, '${two.address}');
			setTimeout(() => { console.log(got); process.exit(); }, 1000);`,
		]);
		await one.road({ loss: 0 });
		// A quarter comes back: 100, with a deviation of 9.
		assert.ok(Number(stdout) > 50 && Number(stdout) < 150, `${stdout} of 400 answered`);
	});

	test('goes with the process that opened it, however that ends, and takes its programs along', { skip }, async () => {
		const program = `
			import { Netlab } from ${JSON.stringify(fileURLToPath(new URL('./netlab.ts', import.meta.url)))};
			import { spawn } from 'node:child_process';
			const { namespace } = await Netlab.open().host('gone');
			const sleeper = spawn('ip', ['netns', 'exec', namespace, 'sleep', '1000'], { stdio: 'ignore' });
			console.log(namespace, sleeper.pid);
			setInterval(() => {}, 1000);
		`;
		const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
			stdio: ['ignore', 'pipe', 'inherit'],
		});
		const [line] = (await within(once(createInterface(child.stdout), 'line'), 'the network')) as [string];
		const [namespace = '', sleeper] = line.split(' ');
		assert.ok(namespaces().includes(namespace));
		child.kill('SIGKILL');
		while (namespaces().includes(namespace)) await new Promise((resolve) => setTimeout(resolve, 20));
		assert.ok(hasEnded(Number(sleeper)));
	});

	test('of a process that is no more is taken down when the next one opens', { skip }, async () => {
		const left = `enslavism-netlab-${await pidOfTheDead()}-1-left`;
		execFileSync('ip', ['netns', 'add', left]);
		await Netlab.open().close();
		assert.ok(!namespaces().includes(left));
	});
});

/** Whether a process is gone, or waits for nobody but the one that collects orphans. */
function hasEnded(pid: number): boolean {
	try {
		return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
	} catch {
		return true;
	}
}

async function pidOfTheDead(): Promise<number> {
	const child = spawn('true');
	await once(child, 'exit');
	return child.pid ?? 0;
}
