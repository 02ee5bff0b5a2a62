/**
 * A file of 100 MB from tab to tab in Chromium, with the pages of `examples/files`: how fast next to a bare data channel
 * between two tabs, is progress shown, and do both pages stay responsive meanwhile?
 *
 *     npx tsx bench/files-tab-to-tab.ts [rounds]
 */
import { type Browser, launch, type Page, run, waitIn } from '../test/support/browsers.js';
import { dropFile, isWhole, keepDownloads, linkOf } from '../test/support/e2e-files.js';
import { runProgram } from '../test/support/e2e-program.js';
import { judge, show } from './support/report.js';
import { median } from './support/stats.js';

const BYTES = 100_000_000;
/** A timer of a page that has something else to do is late by that: what a click would have to wait. */
const TICK_MS = 10;

/** What is measured in a page. */
interface Probe {
	late: number[];
	shown: Set<number>;
}

declare global {
	var probe: Probe;
	var peer: RTCPeerConnection;
	var got: { bytes: number; first: number; last: number };
}

/** Notes how late timers are, and what the progress bar shows in each frame. */
function watch(page: Page): Promise<void> {
	return run(
		page,
		(tick) => {
			globalThis.probe = { late: [], shown: new Set() };
			let last = performance.now();
			setInterval(() => {
				const now = performance.now();
				probe.late.push(now - last - tick);
				last = now;
			}, tick);
			const frame = (): void => {
				const bar = document.querySelector<HTMLProgressElement>('progress:not([hidden])');
				if (bar !== null) probe.shown.add(Math.floor((bar.value / bar.max) * 100));
				requestAnimationFrame(frame);
			};
			frame();
		},
		TICK_MS,
	);
}

interface Seen {
	longest: number;
	p99: number;
	shown: number;
}

function seen(page: Page): Promise<Seen> {
	return run(page, () => {
		const late = probe.late.sort((a, b) => a - b);
		return {
			longest: late.at(-1) ?? 0,
			p99: late[Math.floor(late.length * 0.99)] ?? 0,
			shown: probe.shown.size,
		};
	});
}

/** Downloads the file; gives its speed in MB/s, and what was seen at both ends. */
async function download(browser: Browser, url: string): Promise<{ speed: number; ends: Seen[] }> {
	const host = await browser.newPage();
	await host.open(url);
	await dropFile(host, 'film.bin', BYTES);
	const guest = await browser.newPage();
	await guest.open(await linkOf(host));
	await keepDownloads(guest);
	await waitIn(guest, () => document.querySelector('#offered button') !== null);
	await watch(host);
	await watch(guest);
	const ms = await run(guest, async () => {
		const from = performance.now();
		document.querySelector('#offered button')?.dispatchEvent(new MouseEvent('click'));
		while (document.querySelector('#offered [data-state=done]') === null) {
			if (document.querySelector('#offered [data-state=failed]') !== null) throw new Error('the download failed');
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
		return performance.now() - from;
	});
	const ends = [await seen(host), await seen(guest)];
	if (!(await isWhole(guest, BYTES))) throw new Error('the file is not whole');
	await guest.close();
	await host.close();
	return { speed: BYTES / 1000 / ms, ends };
}

/** The same bytes over a bare channel between two tabs, in messages of 16 KiB. */
async function bare(browser: Browser, url: string): Promise<{ speed: number; ends: Seen[] }> {
	const [sender, receiver] = [await browser.newPage(), await browser.newPage()];
	for (const page of [sender, receiver]) await page.open(url);
	const gathered = () =>
		new Promise<string>((resolve) => {
			peer.onicecandidate = ({ candidate }) => {
				if (candidate === null) resolve(JSON.stringify(peer.localDescription));
			};
		});
	const gatheredText = String(gathered);
	const offer = (await sender.value(`(async () => {
		globalThis.peer = new RTCPeerConnection();
		globalThis.channel = peer.createDataChannel('raw');
		const done = (${gatheredText})();
		await peer.setLocalDescription();
		return done;
	})()`)) as string;
	const answer = (await receiver.value(`(async () => {
		globalThis.peer = new RTCPeerConnection();
		globalThis.got = { bytes: 0, first: 0, last: 0 };
		peer.ondatachannel = ({ channel }) => {
			channel.binaryType = 'arraybuffer';
			globalThis.parts = [];
			channel.onmessage = ({ data }) => {
				got.last = performance.now();
				if (got.bytes === 0) got.first = got.last;
				got.bytes += data.byteLength;
				parts.push(data);
			};
		};
		const done = (${gatheredText})();
		await peer.setRemoteDescription(${offer});
		await peer.setLocalDescription();
		return done;
	})()`)) as string;
	await watch(sender);
	await watch(receiver);
	await sender.value(`(async () => {
		await peer.setRemoteDescription(${answer});
		if (channel.readyState !== 'open') await new Promise((resolve) => { channel.onopen = resolve; });
		const file = new Blob([new Uint8Array(${BYTES})]).stream();
		channel.bufferedAmountLowThreshold = 512 * 1024;
		for await (const chunk of file) {
			for (let at = 0; at < chunk.length; at += 16384) {
				if (channel.bufferedAmount > 1024 * 1024) await new Promise((resolve) => { channel.onbufferedamountlow = resolve; });
				channel.send(chunk.subarray(at, at + 16384));
			}
		}
	})()`);
	await waitIn(receiver, (bytes) => got.bytes === bytes, BYTES);
	const ms = await run(receiver, () => got.last - got.first);
	const ends = [await seen(sender), await seen(receiver)];
	await sender.close();
	await receiver.close();
	return { speed: BYTES / 1000 / ms, ends };
}

const rounds = Number(process.argv[2] ?? 3);
const program = runProgram('examples/files/start.ts', [], { PORT: '0' });
const url = (await program.says(/(http:\/\/localhost:\d+\/)/))[1] as string;
const browser = await launch('Chromium');
const ours: Awaited<ReturnType<typeof download>>[] = [];
const theirs: typeof ours = [];
for (let round = 0; round < rounds; round++) {
	theirs.push(await bare(browser, url));
	ours.push(await download(browser, url));
}
await browser.close();
await program.close();

const speedOf = (runs: typeof ours) => median(runs.map(({ speed }) => speed));
show('100 MB', speedOf(ours), 'MB/s', 'a bare channel', speedOf(theirs));
for (const [end, who] of ['the sending page', 'the receiving page'].entries()) {
	const medianOf = (runs: typeof ours, what: keyof Seen) =>
		median(runs.map(({ ends }) => ends[end]?.[what] ?? Number.NaN));
	show(`lateness of a timer, p99, ${who}`, medianOf(ours, 'p99'), 'ms', 'a bare channel', medianOf(theirs, 'p99'));
	judge(`longest that ${who} did not answer`, medianOf(ours, 'longest'), { atMost: 200 }, 'ms');
	judge(`different percentages that ${who} showed`, medianOf(ours, 'shown'), { atLeast: 30 });
}
judge('speed / a bare channel', speedOf(ours) / speedOf(theirs), { atLeast: 0.7 });
