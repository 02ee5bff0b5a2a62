/** The classic script: `<script src="/enslavism/slave.js"></script>` gives the page these names. */
import { EnslavismError, Slave } from './index.js';

Object.assign(globalThis, { Slave, EnslavismError });
