/** Numbers that chat at a steady rate in both directions, and how long their messages take. */
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../helpers/eventually.ts';
import { call } from '../../helpers/json-http.ts';
import type { AppPeer } from '../../loopback/app/app-peer.ts';
import type { Stage } from '../bench.ts';
import { Poster } from '../poster.ts';

/** Reads nothing, so that nothing comes back. */
export const CONTACT = '5511955550001';

export type Chat = {
  readonly seconds: number;
  /** Messages a second, in each direction. */
  readonly rate: number;
};
export type Chatted = { readonly sent: readonly number[]; readonly arrived: readonly number[] };

/** Sends and inbound messages at a steady rate; resolves to their latencies. */
export async function chat(
  { contender, world, phones }: Pick<Stage, 'contender' | 'world' | 'phones'>,
  app: AppPeer,
  { seconds, rate }: Chat,
): Promise<Chatted> {
  const total = Math.round(seconds * rate);
  for (const [n, phone] of phones.entries()) {
    const body = { to: phone, count: Math.ceil(total / phones.length) };
    await call(`${world.control}/contacts/4930555${String(n).padStart(4, '0')}/prepare`, { body, timeoutMs: 60_000 });
  }
  const before = app.requests({ path: '/api/inbound-message' }).length;
  const released = call(`${world.control}/release`, { body: { rate }, timeoutMs: 120_000 });
  const poster = new Poster(contender.url, contender.token, Math.ceil(rate));
  const begun = performance.now();
  const sends = Array.from({ length: total }, async (_, n) => {
    await delay((n * 1_000) / rate);
    const at = performance.now();
    const body = { targetPhoneNumber: CONTACT, message: `message ${n}` };
    const status = await poster.post(`/api/send-message/${phones[n % phones.length] ?? ''}`, body);
    if (status !== 200) throw new Error(`a send was answered ${status}`);
    return performance.now() - at;
  });
  const sent = await Promise.all(sends);
  const { body } = await released;
  const sentAt = new Map((body as { sent: [id: string, at: number][] }).sent);
  const arrivals = () =>
    app
      .requests({ path: '/api/inbound-message' })
      .slice(before)
      .flatMap(({ id, at }) => {
        const from = id === undefined ? undefined : sentAt.get(id);
        return from === undefined ? [] : [at - from];
      });
  const all = () => arrivals().length >= sentAt.size;
  await eventually(all, { what: `all of ${seconds} s arrive`, withinMs: 60_000, everyMs: 200 });
  await delay(Math.max(0, begun + seconds * 1_000 - performance.now()));
  await poster.close();
  return { sent, arrived: arrivals() };
}
