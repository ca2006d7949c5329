/**
 * What jobs may ask of the engines (`BulkSends` of protocol.ts): the linked device through the number's lane, Cloud API
 * and Twilio through the provider sends, with a job's answers instead of a route's.
 *
 *  BU1  The engine of a job is never replaced by another (S-22): settings that nobody ever read are waited for, and what
 *       is set but incomplete ends the job.
 *  BU2  A message goes out under the id that its job made durable, so that a repeat after a crash is the same message.
 *  BU3  `pending` is no answer for a job: an upload is waited for as long as one may take.
 *  BU4  Readiness is the job's business: a number that is not connected is an answer, not a wait.
 *
 * Deliberately not here: pace and order (scheduler), what follows from a failure (bulk-outcomes.ts).
 */
import type { NumberSettings } from '../app-client/settings-answer.ts';
import type { Clock } from '../clock.ts';
import { chooseEngine } from '../content/engine-choice.ts';
import type { MediaSource } from '../content/content.ts';
import { phoneJid } from '../phone.ts';
import type { DeviceStores } from '../store/store.ts';
import { ofAnswer, ofProvider } from './bulk-outcomes.ts';
import type { Held, HeldMedia } from './content/held-media.ts';
import { sentToday } from './daily-count.ts';
import type { Progress } from './engines/engine.ts';
import type {
  BulkEngine,
  BulkOutcome,
  BulkRequest,
  BulkSends,
  NumberView,
  Providers,
  SendAnswer,
  SendRequest,
} from './protocol.ts';

/** Contract messages §1.4: an upload may take 180 s, and then the message has to leave. */
const LINKED_MS = 200_000;
/** An upload to Meta, a turn in the number's pace, and the call. */
const PROVIDER_MS = 120_000;

const NAMES = { waba: 'WhatsApp Cloud API', twilio: 'Twilio' } as const;

export type BulkSendsOptions = {
  readonly lanes: {
    readonly send: (request: SendRequest) => Promise<SendAnswer>;
    readonly untilHandedOver: (from: string, id: string) => Promise<Progress>;
  };
  readonly providers: Providers;
  readonly settings: {
    readonly of: (
      digits: string,
      workspace: string | undefined,
      deadline: number,
    ) => Promise<NumberSettings | undefined>;
    readonly known: (digits: string, workspace: string | undefined) => NumberSettings | undefined;
  };
  readonly view: (digits: string) => NumberView;
  /** Calls after every change of a number. */
  readonly onChange: (listener: (digits: string) => void) => void;
  readonly stores: Pick<DeviceStores, 'exists' | 'open'>;
  readonly held: Pick<HeldMedia, 'hold' | 'release'>;
  /** `DAILY_CAP`. */
  readonly dailyCap: number;
  readonly clock: Clock;
};

export function bulkSends(o: BulkSendsOptions): BulkSends {
  const isReady = (from: string) => o.view(from).ready;

  /** BU1 */
  async function engineOf(
    from: string,
    provider: string,
    workspace: string | undefined,
    deadline: number,
  ): Promise<BulkEngine> {
    const settings = await o.settings.of(from, workspace, deadline);
    // Not even by a socket that happens to be ready: the number may be meant for a provider.
    const choice = chooseEngine(provider, settings, false);
    switch (choice.kind) {
      case 'engine':
        return { kind: 'engine', engine: choice.engine, branding: settings?.brandingFooter ?? '' };
      case 'settings unavailable':
        return { kind: 'none', why: 'Settings unavailable', final: false };
      case 'incomplete':
        return { kind: 'none', why: `${NAMES[choice.engine]} credentials are incomplete for ${from}`, final: true };
      default:
        return choice satisfies never;
    }
  }

  function room(from: string, workspace: string | undefined, at = o.clock.now()): number {
    const cap = o.settings.known(from, workspace)?.dailyCap ?? o.dailyCap;
    const sent = o.stores.exists(from) ? sentToday(o.stores.open(from), at) : 0;
    return Math.max(0, cap - sent);
  }

  async function send(request: BulkRequest): Promise<BulkOutcome> {
    const { engine, from, to, content, workspace, id, idempotencyKey } = request;
    if (engine === 'baileys') return linked(request);
    const whose = {
      ...(workspace !== undefined && { workspace }),
      ...(idempotencyKey !== undefined && { idempotencyKey }),
    };
    const deadline = o.clock.now() + PROVIDER_MS;
    return ofProvider(await o.providers.send({ engine, from, to, content, id, deadline, ...whose }), o.clock.now());
  }

  async function linked({ from, to, content, id, origin }: BulkRequest): Promise<BulkOutcome> {
    const { ready, why = 'this number is not connected' } = o.view(from);
    if (!ready) return { kind: 'not ready', why };
    const order = { from, to: to.includes('@') ? to : phoneJid(to), content, id, origin };
    const answer = await o.lanes.send({ ...order, deadline: o.clock.now() + LINKED_MS });
    if (answer.kind !== 'pending') return ofAnswer(answer, o.clock.now());
    return arrived(answer.id, await o.lanes.untilHandedOver(from, answer.id));
  }

  return {
    engineOf,
    isReady,
    onReady: (wake) => o.onChange((digits) => void (isReady(digits) && wake(digits))),
    room,
    send,
    hold: (job: string, from: MediaSource, deadline: number): Promise<Held> => o.held.hold(job, from, deadline),
    release: (job) => o.held.release(job),
  };
}

/** BU3 */
function arrived(id: string, progress: Progress): BulkOutcome {
  switch (progress) {
    case 'handed over':
      return { kind: 'sent', id };
    case 'given up':
      return { kind: 'failed', error: 'The upload could not be finished; nothing was sent', attempted: true };
    case 'uploading':
      // It goes on by itself and may still arrive: never a second one beside it.
      return { kind: 'unknown', error: 'The upload takes longer than allowed; outcome unknown' };
    default:
      return progress satisfies never;
  }
}
