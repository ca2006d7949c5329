/** Both forms of the LMDB adapter. They differ in how a value is written, not in how a commit is; so fewer kills for one. */
import { adapters } from './adapters.ts';
import { crashConformance } from './crash.ts';
import { storeConformance } from './suite.ts';

storeConformance('lmdb', adapters.lmdb);
storeConformance('lmdb, encrypted', adapters['lmdb, encrypted']);
crashConformance('lmdb', adapters.lmdb, 4);
crashConformance('lmdb, encrypted', adapters['lmdb, encrypted'], 3);
