/**
 * Entry of the linked-device engine. `curve.ts` must be evaluated before anything imports Baileys, so this is the only
 * module that others import, and they import it dynamically, after the console is captured (facts/baileys §10).
 */
import './curve.ts';

export { importLegacy } from './auth-import.ts';
export { createUnofficialEngine } from './create.ts';
export { mediaBytes } from './inbound/media-bytes.ts';
export { Reuploads } from './inbound/media-reupload.ts';
export { LIBRARY_VERSION } from './socket.ts';
