/**
 * A signalling server for local-first applications, in two lines. It serves the clients of `@localfirst/relay` and
 * `cevitxe-signal-server` as they are, and `Introducer` of `enslavism/signal`.
 *
 *     npx tsx examples/local-first/server.ts
 *
 * Applications are pages of any origin, so all origins may connect. Then, in an application: new Client({ url: 'ws://localhost:8080', peerId, documentIds }). PORT chooses another port.
 */
import { introduction, Master } from 'enslavism';

new Master(Number(process.env.PORT || 8080), { services: [introduction()], origins: '*' });
