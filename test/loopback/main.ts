/**
 * `npm run loopback`: the loopback world as a process of its own.
 *
 * Owns: the command line, the one line of JSON on stdout, and a clean end at SIGTERM and SIGINT.
 * Options: --port N (control server), --state DIR (keeps the world over a restart), --quiet (nothing on stderr),
 * --light (never decrypts what clients send), --prekeys N (what clients hear about their prekey count).
 */
import { parseArgs } from 'node:util';
import { startWorld } from './world.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    state: { type: 'string' },
    quiet: { type: 'boolean', default: false },
    light: { type: 'boolean', default: false },
    prekeys: { type: 'string' },
  },
});

const say = (line: string): void => {
  if (!values.quiet) process.stderr.write(`${line}\n`);
};

const world = await startWorld({
  light: values.light,
  // A light world is for long runs: the app then keeps ids only.
  record: values.light ? 'ids' : 'all',
  ...(values.port === undefined ? {} : { port: Number(values.port) }),
  ...(values.state === undefined ? {} : { stateDir: values.state }),
  ...(values.prekeys === undefined ? {} : { preKeys: Number(values.prekeys) }),
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    say('loopback world: closing');
    void world.close().then(() => process.exit(0));
  });
}

say(`loopback world: control ${world.control}, WhatsApp ${world.whatsApp.url}`);
process.stdout.write(`${JSON.stringify({ control: world.control, env: world.env })}\n`);
