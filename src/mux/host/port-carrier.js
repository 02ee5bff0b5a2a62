/** Largest message to a port, a header and 64 KiB; it has no limit of its own. */
const MESSAGE_BYTES = 12 + 64 * 1024;
/** What says that no more follows: not every browser tells that the other port was closed. */
const END = null;
/**
 * Carries streams over a `MessagePort`. A port does not say how much waits in it: the windows of the streams are the
 * bound.
 */
export function portCarrier(port) {
    let handler;
    const closed = () => {
        handler?.closed();
        handler = undefined;
    };
    const close = () => {
        port.postMessage(END, []);
        port.close();
        queueMicrotask(closed);
    };
    return {
        messageBytes: MESSAGE_BYTES,
        copies: true,
        attach: (given) => {
            handler = given;
            port.addEventListener('message', (event) => {
                const { data } = event;
                if (data instanceof ArrayBuffer)
                    handler?.data(new Uint8Array(data));
                else if (data === END) {
                    port.close();
                    closed();
                }
            });
            port.addEventListener('close', closed);
            port.start();
        },
        send: (pieces, done) => {
            for (const piece of pieces) {
                // A copy that is given away: a view would be sent with all the memory behind it.
                const { buffer } = new Uint8Array(piece);
                port.postMessage(buffer, [buffer]);
            }
            queueMicrotask(done);
        },
        end: close,
        destroy: close,
    };
}
//# sourceMappingURL=port-carrier.js.map