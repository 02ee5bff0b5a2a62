import { EnslavismError } from '../../wire/errors.js';
import * as LIMITS from '../../wire/limits.js';
/** Bytes that may wait in the channel before more is held back, and the rest at which it goes on. */
const HIGH_BYTES = 1024 * 1024;
const LOW_BYTES = 512 * 1024;
/**
 * Carries streams over a data channel.
 *
 * @throws EnslavismError `bad-option` for a channel that is not ordered and reliable
 */
export function channelCarrier(channel) {
    if (!channel.ordered || channel.maxRetransmits !== null || channel.maxPacketLifeTime !== null) {
        throw new EnslavismError('bad-option', 'streams need an ordered and reliable channel');
    }
    let waiting = [];
    const goOn = () => {
        if (channel.readyState === 'open')
            for (const step of waiting.splice(0))
                step();
    };
    const whenOpen = (step) => {
        if (channel.readyState === 'connecting')
            waiting.push(step);
        else if (channel.readyState === 'open')
            step();
    };
    const send = (pieces, done) => {
        try {
            for (const piece of pieces)
                channel.send(piece);
        }
        catch {
            // It is about to close, and says so itself.
            channel.close();
            return;
        }
        if (channel.bufferedAmount > HIGH_BYTES)
            waiting.push(done);
        else
            queueMicrotask(done);
    };
    return {
        messageBytes: LIMITS.muxMessageBytes,
        copies: true,
        attach: (handler) => {
            if ('binaryType' in channel && channel.binaryType === 'blob')
                channel.binaryType = 'arraybuffer';
            channel.bufferedAmountLowThreshold = LOW_BYTES;
            channel.addEventListener('message', ({ data }) => {
                if (data instanceof ArrayBuffer)
                    handler.data(new Uint8Array(data));
            });
            channel.addEventListener('open', goOn);
            channel.addEventListener('bufferedamountlow', goOn);
            channel.addEventListener('close', () => {
                waiting = [];
                handler.closed();
            });
            if (channel.readyState === 'closed')
                queueMicrotask(() => handler.closed());
        },
        send: (pieces, done) => {
            // What has to wait is the one thing that is kept.
            const kept = channel.readyState === 'connecting' ? pieces.map((piece) => piece.slice()) : pieces;
            whenOpen(() => send(kept, done));
        },
        end: () => whenOpen(() => channel.close()),
        destroy: () => channel.close(),
    };
}
//# sourceMappingURL=channel-carrier.js.map