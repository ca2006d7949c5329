/**
 * Meta's side of calls as a real server on 127.0.0.1 (facts/calling-api.md): Graph `/calls` over HTTP, and for each call the
 * media server behind it, which is ice-lite and hears nothing before `accept`.
 *
 *  CP1  A word that Meta would refuse is refused as Meta refuses it, and one that no bridge should say is in `violations`.
 *  CP2  A caller speaks from the 200 of `accept` on; a callee from `pickUp` on.
 *
 * Deliberately not here: the app, which tells the bridge of calls (../app/calls.ts).
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { z } from 'zod';
import { Media, nowMs } from './media.ts';

const Word = z.strictObject({
  messaging_product: z.literal('whatsapp'),
  call_id: z.string().regex(/^wacid\./),
  action: z.enum(['pre_accept', 'accept', 'reject', 'terminate']),
  session: z.strictObject({ sdp_type: z.literal('answer'), sdp: z.string() }).optional(),
});
export type Action = z.infer<typeof Word>['action'];

export type Refusal = {
  readonly status: number;
  readonly code: number;
  readonly times?: number;
};

export class MetaCall {
  readonly id = `wacid.${randomBytes(18).toString('base64url')}`;
  readonly media = new Media({ lite: true });
  /** Every word of the bridge, and when it was answered (`nowMs`). */
  readonly said: { readonly action: Action; readonly at: number; readonly status: number }[] = [];
  readonly begunAt = nowMs();
  preAccepted: string | undefined;
  state: 'ringing' | 'accepted' | 'ended' = 'ringing';
  hungUp = false;
  /** Codes with which words of this call are refused. */
  readonly refusing = new Map<Action, number>();
  /** Holds back the answer to a word that has been taken. */
  answering: (action: Action) => Promise<unknown> = () => Promise.resolve();

  get words(): string[] {
    return this.said.map(({ action }) => action);
  }

  /** The other side hangs up; the app hears of it, and then the bridge. */
  async hangUp(): Promise<void> {
    this.hungUp = true;
    this.state = 'ended';
    await this.media.close();
  }

  /** The other side is gone without a word: no packet comes any more. */
  async vanish(): Promise<void> {
    await this.media.close();
  }
}

export interface CallsPeer {
  readonly url: string;
  /** The token that is accepted. */
  token: string;
  readonly calls: ReadonlyMap<string, MetaCall>;
  readonly violations: string[];
  /** A customer calls; the answer is the offer that Meta's webhook brings. */
  incoming(): Promise<{ readonly call: MetaCall; readonly offer: string }>;
  /** The app dials with the bridge's offer; the answer is the one that Meta's webhook brings. */
  dial(offer: string): Promise<{ readonly call: MetaCall; readonly answer: string }>;
  /** The next words of this kind are refused so: `times` of them, or all. */
  refuse(action: Action, refusal: Refusal): void;
  /** Words of this kind are taken so much later. */
  slow(action: Action, ms: number): void;
  /** Talks a caller's stamped packets at `accept` unless told otherwise. */
  onAccept: (call: MetaCall) => void;
  close(): Promise<void>;
}

export async function startCallsPeer(): Promise<CallsPeer> {
  const calls = new Map<string, MetaCall>();
  const violations: string[] = [];
  const refusals = new Map<Action, { refusal: Refusal; left: number }>();
  const slow = new Map<Action, number>();

  const app = new Hono();
  app.post('/:version{v[0-9]+\\.[0-9]+}/:phone{[0-9]+}/calls', async (context) => {
    const refused = (status: number, code: number, why: string) =>
      context.json({ error: { message: `(#${code}) ${why}`, type: 'OAuthException', code } }, status as 400);
    if (context.req.header('authorization') !== `Bearer ${peer.token}`) return refused(401, 190, 'token');
    const parsed = Word.safeParse(await context.req.json().catch(() => undefined));
    if (!parsed.success) {
      violations.push(
        `not Meta's words: ${parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join()}`,
      );
      return refused(400, 100, 'Invalid parameter');
    }
    const { call_id: id, action, session } = parsed.data;
    const call = calls.get(id);
    await delay(slow.get(action) ?? 0);
    const told = refusals.get(action);
    if (told && told.left > 0) {
      told.left -= 1;
      call?.said.push({ action, at: nowMs(), status: told.refusal.status });
      return refused(told.refusal.status, told.refusal.code, 'as told');
    }
    const code = call?.refusing.get(action);
    if (call && code !== undefined) {
      call.said.push({ action, at: nowMs(), status: 400 });
      return refused(400, code, 'as told');
    }
    const problem = call ? await take(call, action, session?.sdp) : 'no such call';
    await call?.answering(action);
    call?.said.push({ action, at: nowMs(), status: problem === undefined ? 200 : 400 });
    return problem === undefined ? context.json({ success: true }) : refused(400, 100, problem);
  });

  async function take(call: MetaCall, action: Action, sdp: string | undefined): Promise<string | undefined> {
    const wrong = (why: string) => {
      violations.push(`${action}: ${why}`);
      return why;
    };
    if (call.said.some((word) => word.action === action && word.status === 200)) return wrong('said twice');
    // A bridge that has not heard of it yet may still begin to answer.
    const isLate = action === 'terminate' || (call.hungUp && action === 'pre_accept');
    if (call.state === 'ended') return isLate ? 'the call has ended' : wrong('the call has ended');
    switch (action) {
      case 'pre_accept': {
        const problems = sdpProblems(sdp ?? '');
        for (const problem of problems) violations.push(`pre_accept: ${problem}`);
        if (problems.length > 0) return problems[0];
        call.preAccepted = sdp;
        await call.media.take(sdp ?? '');
        return undefined;
      }
      case 'accept':
        if (sdp !== call.preAccepted) return wrong('the SDP is not that of pre_accept');
        call.state = 'accepted';
        setImmediate(() => peer.onAccept(call));
        return undefined;
      case 'reject':
        if (call.state !== 'ringing') return wrong('it does not ring');
        call.state = 'ended';
        await call.media.close();
        return undefined;
      case 'terminate':
        call.state = 'ended';
        await call.media.close();
        return undefined;
      default:
        return action satisfies never;
    }
  }

  const server = createAdaptorServer({ fetch: app.fetch });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const peer: CallsPeer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token: 'meta-call-token-0123456789',
    calls,
    violations,
    onAccept: (call) => call.media.talk(),
    async incoming() {
      const call = new MetaCall();
      calls.set(call.id, call);
      return { call, offer: await call.media.offer() };
    },
    async dial(offer) {
      for (const problem of sdpProblems(offer, 'actpass')) violations.push(`offer: ${problem}`);
      const call = new MetaCall();
      calls.set(call.id, call);
      return { call, answer: await call.media.answer(offer) };
    },
    refuse: (action, refusal) =>
      void refusals.set(action, { refusal, left: refusal.times ?? Number.POSITIVE_INFINITY }),
    slow: (action, ms) => void slow.set(action, ms),
    async close() {
      await Promise.all([...calls.values()].map((call) => call.media.close()));
      if ('closeAllConnections' in server) server.closeAllConnections();
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  };
  return peer;
}

/** What Meta would not take in a session description, or could not talk to. */
export function sdpProblems(sdp: string, setup: 'active' | 'actpass' = 'active'): string[] {
  const lines = sdp.split('\r\n');
  const all = (begin: string) => lines.filter((line) => line.startsWith(begin));
  const checks: readonly [boolean, string][] = [
    [/(?<!\r)\n/.test(sdp) || !sdp.endsWith('\r\n'), 'a line does not end with CRLF'],
    [all('m=').length !== 1 || all('m=audio').length !== 1, 'not one audio section'],
    [all('a=fingerprint:').length !== 1 || all('a=fingerprint:sha-256 ').length !== 1, 'not one sha-256 fingerprint'],
    [all('a=setup:').join() !== `a=setup:${setup}`, `not setup:${setup}`],
    [all('a=candidate:').length === 0, 'no candidate'],
    [all('a=ptime:').join() !== 'a=ptime:20', 'not ptime:20, once'],
    [all('a=sendrecv').length !== 1, 'not sendrecv'],
    [!all('a=rtpmap:').some((line) => line.endsWith('opus/48000/2')), 'no Opus'],
    [!all('a=rtpmap:').some((line) => line.endsWith('telephone-event/8000')), 'no keys'],
    [all('a=ice-lite').length > 0, 'ice-lite'],
  ];
  return checks.flatMap(([isWrong, what]) => (isWrong ? [what] : []));
}
