/** The classic script: `<script src="/enslavism/streams.js"></script>` gives the page these names. */
import { EnslavismError, MasterConnection, StreamClient, StreamServer } from './index.js';

Object.assign(globalThis, { MasterConnection, StreamServer, StreamClient, EnslavismError });
