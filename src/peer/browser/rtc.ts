/** WebRTC in a browser. */
import { messageOf } from '../../wire/index.js';
import type { CreatePeer, RtcChannel, RtcChannelHandlers } from '../rtc.js';

/** RFC 8841 section 6: what a description without `a=max-message-size` means, in bytes. */
const DEFAULT_MAX_MESSAGE_BYTES = 64 * 1024;

/** Makes a connection with the browser's `RTCPeerConnection`. */
export const createBrowserPeer: CreatePeer = (config, handlers) => {
	const native = new RTCPeerConnection(config as RTCConfiguration);
	native.onicecandidate = ({ candidate }) => handlers.candidate(candidate?.candidate ?? '', candidate?.sdpMid ?? '');
	native.onconnectionstatechange = () => handlers.state(native.connectionState);

	const attempt = (step: Promise<void>): void => {
		step.catch((thrown) => handlers.failed(messageOf(thrown)));
	};
	/** An answer, if the other end has made an offer. */
	const describe = async (): Promise<void> => {
		await native.setLocalDescription();
		const { type, sdp } = native.localDescription as RTCSessionDescription;
		handlers.description(type as 'offer' | 'answer', sdp);
	};
	return {
		get maxMessageSize() {
			return native.sctp?.maxMessageSize ?? DEFAULT_MAX_MESSAGE_BYTES;
		},
		createChannel: (label, id, delivery) =>
			withAttach(native.createDataChannel(label, { ...delivery, negotiated: true, id } as RTCDataChannelInit)),
		offer: () => attempt(describe()),
		accept: (type, sdp) =>
			attempt(native.setRemoteDescription({ type, sdp }).then(() => (type === 'offer' ? describe() : undefined))),
		// Browsers keep candidates in order behind a description that is being applied.
		addCandidate: (candidate, sdpMid) => {
			native.addIceCandidate({ candidate, sdpMid, sdpMLineIndex: 0 }).catch(() => {
				// One that the browser cannot use; the others remain.
			});
		},
		close: () => native.close(),
	};
};

/** The browser's own channel is one of ours but for this: it tells nothing before whoever made it has returned. */
function withAttach(native: RTCDataChannel): RtcChannel {
	native.binaryType = 'arraybuffer';
	return Object.assign(native, {
		attach: ({ open, message, low, closed }: RtcChannelHandlers): void => {
			native.onopen = open;
			native.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => message(data);
			native.onbufferedamountlow = low;
			native.onclose = closed;
		},
	}) as RtcChannel;
}
