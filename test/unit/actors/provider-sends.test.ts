/** Contract messages §1.4 for engines without connections: one key, at most one message, across crashes and full disks. */
import { expect, it, vi } from 'vitest';
import type { ProviderCommand, ProviderEngine, ProviderResult } from '../../../src/actors/engines/provider.ts';
import type { CloudCredentials, TwilioCredentials } from '../../../src/actors/engines/provider.ts';
import { ProviderSends } from '../../../src/actors/provider-sends.ts';
import { systemClock as clock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import type { Store } from '../../../src/store/store.ts';
import { temporaryStore } from '../../helpers/temporary-store.ts';

type Command = ProviderCommand<CloudCredentials>;
type Play = (command: Command) => Promise<ProviderResult>;

const SENT: ProviderResult = { kind: 'sent', id: 'wamid.1', to: '491701234567' };
const log = createLog({ level: 'silent', stream: { write: () => undefined } });
const own: CloudCredentials = { engine: 'waba', phoneId: '1', token: 't', version: '' };
const other: CloudCredentials = { ...own, token: 'rotated' };

/** A process on this store; `play` is what its engine does with each message. */
function processOn(store: Store, play: Play) {
  const calls = vi.fn<Play>(play);
  const twilio: ProviderEngine<TwilioCredentials> = {
    name: 'twilio',
    capabilities: {} as ProviderEngine<TwilioCredentials>['capabilities'],
    send: () => expect.fail('the wrong engine'),
  };
  const credentials = { read: async () => ({ waba: own }), renew: async () => ({ waba: other }) };
  const cloud = { ...twilio, name: 'waba' as const, send: calls };
  const sends = new ProviderSends({ cloud, twilio, credentials, store, clock, log });
  const send = () =>
    sends.send({
      from: '5511987654321',
      to: '491701234567',
      engine: 'waba',
      content: { kind: 'text', text: 'hello' },
      deadline: clock.now() + 5_000,
      idempotencyKey: 'key',
    });
  return { calls, send };
}

const never = () => new Promise<never>(() => undefined);
const begun = async (command: Command) => expect(await command.leaving?.()).toBe(true);

/** A disk that takes the first `writes` and refuses the rest. */
function fullAfter(store: Store, writes: number): Store {
  let left = writes;
  return {
    ...store,
    write: (change) => {
      left -= 1;
      return left < 0 ? Promise.reject(new Error('ENOSPC')) : store.write(change);
    },
  };
}

it('the id that a caller made durable is the one that the provider is told', async () => {
  const ids: string[] = [];
  const cloud = { name: 'waba' as const, capabilities: {} as never };
  const sends = new ProviderSends({
    cloud: { ...cloud, send: async ({ id }) => (ids.push(id), SENT) },
    twilio: { ...cloud, name: 'twilio', send: () => expect.fail('the wrong engine') },
    credentials: { read: async () => ({ waba: own }), renew: async () => ({ waba: own }) },
    ...{ store: temporaryStore(), clock, log },
  });
  const message = { from: '5511987654321', to: '1', engine: 'waba', content: { kind: 'text', text: 'x' } } as const;
  await sends.send({ ...message, deadline: clock.now() + 5_000, id: '3EB0AA' });
  await sends.send({ ...message, deadline: clock.now() + 5_000 });
  expect(ids).toEqual(['3EB0AA', expect.stringMatching(/^3EB0[0-9A-F]{18}$/)]);
});

it('PS1 a process that ends before the message may leave (upload, turn) leaves no key: a repeat sends', async () => {
  const store = temporaryStore();
  const killed = processOn(store, never);
  void killed.send();
  await expect.poll(() => killed.calls.mock.calls.length).toBe(1);
  const next = processOn(store, async (command) => {
    await begun(command);
    return SENT;
  });
  expect([await next.send(), await next.send(), next.calls.mock.calls.length]).toEqual([SENT, SENT, 1]);
});

it('PS1 a process that ends after it: a repeat is `unknown` and sends nothing', async () => {
  const store = temporaryStore();
  let left = false;
  const killed = processOn(store, async (command) => {
    await begun(command);
    left = true;
    return never();
  });
  void killed.send();
  await expect.poll(() => left).toBe(true);
  const next = processOn(store, async () => SENT);
  expect(await next.send()).toMatchObject({ kind: 'unknown' });
  expect(next.calls).not.toHaveBeenCalled();
});

it('PS1 what certainly failed leaves no key, `unknown` does; both are answered as they came', async () => {
  for (const [answer, calls] of [
    [{ kind: 'failed', error: '100: x', class: 'request wrong' }, 2],
    [{ kind: 'unknown', error: 'x' }, 1],
  ] as const satisfies [ProviderResult, number][]) {
    const { send, calls: made } = processOn(temporaryStore(), async (command) => {
      await begun(command);
      return answer;
    });
    expect([await send(), await send(), made.mock.calls.length]).toEqual([answer, answer, calls]);
  }
});

it('PS1, PS2 credentials that are renewed in between: one key, stored once', async () => {
  const store = temporaryStore();
  const { send, calls } = processOn(fullAfter(store, 2), async (command) => {
    await begun(command);
    return command.credentials === other ? SENT : { kind: 'failed', error: '190: x', class: 'credentials' };
  });
  expect(await send()).toEqual(SENT);
  expect(calls).toHaveBeenCalledTimes(2);
  // The answer was the second write, and the last that the disk took.
  expect(await send()).toEqual(SENT);
});

it('PS1 disk full: without a stored key nothing leaves; an answer that cannot be stored is given all the same', async () => {
  const refused = processOn(fullAfter(temporaryStore(), 0), async (command) => {
    return (await command.leaving?.()) === true ? SENT : { kind: 'failed', error: 'disk', class: 'transient' };
  });
  expect(await refused.send()).toMatchObject({ kind: 'failed', error: 'disk' });
  const taken = processOn(fullAfter(temporaryStore(), 1), async (command) => {
    await begun(command);
    return SENT;
  });
  expect(await taken.send()).toEqual(SENT);
  expect(await taken.send()).toMatchObject({ kind: 'unknown' });
});
