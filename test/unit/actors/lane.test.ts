/** Lanes over real stores and an engine that the test drives: idempotency keys (P6), readiness, deadlines. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SendRequest } from '../../../src/actors/protocol.ts';
import { defaultRestartPolicy } from '../../../src/machines/restart.ts';
import { buildHouse } from '../../helpers/house.ts';

const A = '5511900000001';
const UNPAIRED = '5511900000002';
const DAY = 24 * 3_600_000;

let house: ReturnType<typeof buildHouse>;
beforeEach(async () => {
  house = buildHouse({ paired: [A], restartPolicy: defaultRestartPolicy });
  house.supervisor.command(A, { type: 'restore' });
  await house.time.advanceAsync(5_000);
});
afterEach(() => house.close());

const request = (change: Partial<SendRequest> = {}): SendRequest => ({
  from: A,
  to: '5511911111111@s.whatsapp.net',
  content: { kind: 'text', text: 'x' },
  deadline: house.time.now() + 18_000,
  ...change,
});
const sent = () => house.engine.of(A).flatMap((connection) => connection.sent);

describe('L1 an idempotency key', () => {
  it('replays the first answer for 24 h, then is a new message', async () => {
    const first = await house.numbers.send(request({ idempotencyKey: 'order-1' }));
    expect(await house.numbers.send(request({ idempotencyKey: 'order-1' }))).toEqual(first);
    await house.time.advanceAsync(DAY - 1_000);
    expect(await house.numbers.send(request({ idempotencyKey: 'order-1' }))).toEqual(first);
    expect(sent()).toHaveLength(1);
    await house.time.advanceAsync(2_000);
    expect(await house.numbers.send(request({ idempotencyKey: 'order-1' }))).not.toEqual(first);
    expect(sent()).toHaveLength(2);
  });

  it('is shared by parallel repeats', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => house.numbers.send(request({ idempotencyKey: 'k' }))));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(sent()).toHaveLength(1);
  });

  it('finishes the same message under the same id after an outcome that was not final', async () => {
    const [connection] = house.engine.of(A);
    const really = connection?.send.bind(connection);
    if (connection) {
      connection.send = async (command) => {
        await really?.(command);
        return { kind: 'unknown', id: command.id, error: 'cut' };
      };
    }
    expect((await house.numbers.send(request({ idempotencyKey: 'k' }))).kind).toBe('unknown');
    if (connection && really) connection.send = really;
    expect((await house.numbers.send(request({ idempotencyKey: 'k' }))).kind).toBe('sent');
    const ids = sent().map(({ id }) => id);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });

  it('belongs to one number; without a key nothing is de-duplicated', async () => {
    await house.numbers.send(request());
    await house.numbers.send(request());
    expect(new Set(sent().map(({ id }) => id)).size).toBe(2);
  });
});

it('an id that the caller made durable is the message id, also of a repeat', async () => {
  for (const _ of [1, 2]) await house.numbers.send(request({ id: '3EB0AA', origin: 'job' }));
  expect(sent().map(({ id, origin }) => [id, origin])).toEqual([
    ['3EB0AA', 'job'],
    ['3EB0AA', 'job'],
  ]);
});

describe('L2 not ready', () => {
  it('answers at once for a number without a login', async () => {
    const answer = await house.numbers.send(request({ from: UNPAIRED }));
    expect(answer.kind).toBe('not ready');
    expect(house.engine.of(UNPAIRED)).toHaveLength(0);
  });

  it('waits up to 8 s for a socket that comes back, in order of arrival', async () => {
    house.engine.of(A)[0]?.tell({ type: 'closed', reason: { code: 428, text: 'Connection Terminated' } });
    const answers = ['one', 'two', 'three'].map((text) =>
      house.numbers.send(request({ content: { kind: 'text', text } })),
    );
    await house.time.advanceAsync(9_000);
    expect((await Promise.all(answers)).map(({ kind }) => kind)).toEqual(['sent', 'sent', 'sent']);
    expect(sent().map(({ content }) => content.kind === 'text' && content.text)).toEqual(['one', 'two', 'three']);
  });

  it('gives up after 8 s and never sends later', async () => {
    house.engine.onConnect = () => undefined;
    house.engine.of(A)[0]?.tell({ type: 'closed', reason: { code: 428, text: 'Connection Terminated' } });
    const answer = house.numbers.send(request());
    await house.time.advanceAsync(8_000);
    expect((await answer).kind).toBe('not ready');
    house.engine.of(A).at(-1)?.login();
    await house.time.advanceAsync(60_000);
    expect(sent()).toHaveLength(0);
  });

  it('refuses a number that the operator stopped', async () => {
    house.numbers.stop(A);
    await house.time.advanceAsync(100);
    expect((await house.numbers.send(request())).kind).toBe('not ready');
  });
});
