/**
 * Keeping libsignal's console output, which contains private keys, off every terminal and log.
 *
 * Owns: a filter in front of `console.*` that drops the lines libsignal 6 writes and passes everything else.
 * Invariant: H1 it is in place once this module has been imported, before any session exists.
 * Does not: touch any other output. Source: facts/baileys.md section 10.
 */

export {};

const LIBSIGNAL_LINES = [
  'Closing session:',
  'Opening session:',
  'Removing old closed session:',
  'Session already',
  'Closing open session',
  'Closing stale open session',
  'Failed to decrypt message with any known session',
  'Session error:',
  'Decrypted message with closed session',
  'Migrating session to:',
  'V1 session storage migration error',
  'Unhandled bucket type',
  'WARNING: Expected pubkey',
];

for (const level of ['log', 'info', 'warn', 'error'] as const) {
  const write = console[level].bind(console);
  console[level] = (...parts: unknown[]) => {
    const first = parts[0];
    if (typeof first === 'string' && LIBSIGNAL_LINES.some((line) => first.startsWith(line))) return;
    write(...parts);
  };
}
