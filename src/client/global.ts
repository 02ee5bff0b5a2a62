/** The classic script: `<script src="/enslavism/client.js"></script>` gives the page these names. */
import { EnslavismError, MasterConnection, SlaveConnection } from './index.js';

Object.assign(globalThis, { MasterConnection, SlaveConnection, EnslavismError });
