/** Both ends of a WebRTC connection in Node, without a session. */
import { ownCertificate } from '../../src/peer/node/certificate.js';
import { createAnswerer, createNodePeer } from '../../src/peer/node/rtc.js';
import type { DescriptionType, RtcChannel, RtcPeer } from '../../src/peer/rtc.js';
import { sdpToSend } from '../../src/peer/sdp.js';

/** Both ends of a WebRTC connection, with the trunk that it is made with. `opened` tells whether it came about. */
export function connectionOfTwo(): { client: RtcPeer; slave: RtcPeer; opened: Promise<boolean> } {
	const slave = createAnswerer({ port: 0, bindAddress: undefined, certificate: ownCertificate() })({ iceServers: [] });
	const client = createNodePeer({ iceServers: [] });
	const trunks = [client, slave].map((peer) => isOpen(stream(peer, 'trunk', 1022)));
	const describe = async (from: RtcPeer, to: RtcPeer, type: DescriptionType): Promise<void> => {
		await from.setLocalDescription();
		await to.setRemoteDescription({ type, sdp: sdpToSend(type, from.localDescription?.sdp ?? '') });
	};
	const opened = new Promise<boolean>((resolve) => {
		for (const peer of [client, slave]) {
			peer.onconnectionstatechange = () => peer.connectionState === 'failed' && resolve(false);
		}
		void Promise.all(trunks).then(() => resolve(true));
		void describe(client, slave, 'offer').then(() => describe(slave, client, 'answer'));
	});
	return { client, slave, opened };
}

export const stream = (peer: RtcPeer, label: string, id: number) =>
	peer.createDataChannel(label, { negotiated: true, id });

export const isOpen = (channel: RtcChannel) =>
	new Promise<void>((resolve) => {
		channel.onopen = resolve;
	});

/** The same, open. An attempt may fail, see `setRemoteDescription` in `rtc.ts`. */
export async function openConnection(): Promise<{ client: RtcPeer; slave: RtcPeer }> {
	for (;;) {
		const { client, slave, opened } = connectionOfTwo();
		if (await opened) return { client, slave };
		client.close();
		slave.close();
	}
}

/** Lets the library's threads run, and nothing in JavaScript. */
export function hold(ms: number): void {
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
