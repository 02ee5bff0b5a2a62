import * as LIMITS from '../../wire/limits.js';
const CONNECTING = 0;
const OPEN = 1;
/** Bytes that may wait in a browser's socket before more is held back. */
const HIGH_BYTES = 512 * 1024;
/** How often, in ms, a browser's socket is asked whether it has sent enough: it has no event for that. */
const POLL_MS = 5;
/** Carries streams over a WebSocket, as binary messages; other messages are ignored. */
export function webSocketCarrier(socket) {
    const early = [];
    const whenOpen = (step) => {
        if (socket.readyState === CONNECTING)
            early.push(step);
        else if (socket.readyState === OPEN)
            step();
    };
    const drained = (done) => {
        if (socket.readyState === OPEN && socket.bufferedAmount > HIGH_BYTES)
            setTimeout(() => drained(done), POLL_MS);
        else
            done();
    };
    const send = (pieces, done) => {
        const last = pieces.length - 1;
        for (const [index, piece] of pieces.entries()) {
            if (socket.terminate === undefined)
                socket.send(piece);
            else
                socket.send(piece, index === last ? done : undefined);
        }
        if (socket.terminate === undefined)
            queueMicrotask(() => drained(done));
    };
    return {
        messageBytes: LIMITS.muxMessageBytes,
        // But for a client's masking, ws sends the very bytes that it was given.
        copies: socket.terminate === undefined,
        attach: (handler) => {
            let problem;
            socket.binaryType = 'arraybuffer';
            socket.addEventListener('message', ({ data }) => {
                if (data instanceof ArrayBuffer)
                    handler.data(new Uint8Array(data));
            });
            socket.addEventListener('open', () => {
                for (const step of early.splice(0))
                    step();
            });
            socket.addEventListener('error', (event) => {
                problem = event.error ?? new Error('the WebSocket failed');
            });
            socket.addEventListener('close', () => handler.closed(problem));
            if (socket.readyState > OPEN)
                queueMicrotask(() => handler.closed(problem));
        },
        send: (pieces, done) => {
            // What has to wait is the one thing that is kept.
            const kept = socket.readyState === CONNECTING ? pieces.map((piece) => piece.slice()) : pieces;
            whenOpen(() => send(kept, done));
        },
        end: () => whenOpen(() => socket.close()),
        destroy: () => (socket.terminate === undefined ? socket.close() : socket.terminate()),
    };
}
//# sourceMappingURL=websocket-carrier.js.map