/** The classic script: `<script src="/enslavism/signal.js"></script>` gives the page these names. */
import { Echo, EnslavismError, Introducer, Peers, relay, SharedState, streamOf, upgrade } from './index.js';

Object.assign(globalThis, { Echo, SharedState, relay, streamOf, Introducer, upgrade, Peers, EnslavismError });
