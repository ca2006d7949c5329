/** The flow runtime with everything that belongs to it, for the composition root. */
import type { Endpoints } from '../../app-client/endpoints.ts';
import type { FlowCalls, FlowStore } from '../../app-client/flow-calls.types.ts';
import { Sequence } from '../../app-client/outbox-rows.ts';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Store } from '../../store/store.ts';
import type { Flows } from '../automation/flows.ts';
import type { BulkSends } from '../protocol.ts';
import { Answers, type AnswersOptions } from './answers.ts';
import { flowOf } from './definition.ts';
import { Definitions } from './definitions.ts';
import { Delays } from './delays.ts';
import { Failures, flowDesk } from './desk.ts';
import { flowInbound } from './inbound.ts';
import { KeptAnswers, type KeptAnswersOptions } from './kept-answers.ts';
import { flowLookUp } from './look-ups.ts';
import type { NodeKind } from './node.ts';
import { kindOf as realKindOf } from './nodes/index.ts';
import { Parks, type ParksOptions } from './parks.ts';
import type { FlowDesk } from './protocol.ts';
import { Resume } from './resume.ts';
import { Rows } from './rows.ts';
import type { FlowQueue, RunnerOptions } from './runner.ts';
import { FlowSends, type FlowSendsOptions } from './sends.ts';
import { Sessions } from './sessions.ts';
import { Starts } from './starts.ts';
import { upgrade } from './upgrade.ts';
import type { VisitPorts } from './visit.ts';

export type FlowsOptions = {
  readonly store: Store;
  readonly queue: FlowQueue;
  readonly sends: Pick<BulkSends, 'send' | 'room' | 'engineOf' | 'isReady' | 'onReady'>;
  readonly app: FlowStore & FlowCalls;
  readonly endpoints: Pick<Endpoints, 'keywordReply'>;
  readonly branding: FlowSendsOptions['branding'];
  readonly ports: Omit<VisitPorts, 'sends' | 'app' | 'clock' | 'log'>;
  readonly coolDown: RunnerOptions['coolDown'];
  readonly replyLate: KeptAnswersOptions['replyLate'];
  readonly staleAfterMs: AnswersOptions['staleAfterMs'];
  readonly isUntold: ParksOptions['isUntold'];
  /** `FLOW_WAIT_TTL_HOURS`, in ms. */
  readonly ttlMs: number;
  /** The registry unless a test says otherwise. */
  readonly kindOf?: (type: string) => NodeKind;
  readonly clock: Clock;
  readonly log: Log;
};

export type FlowRuntime = {
  readonly desk: FlowDesk;
  readonly flows: Flows;
  /** Takes up what an earlier process left. To be called when numbers can send. */
  start(): void;
  /** Nothing new runs; resolves when nothing is under way. */
  stop(): Promise<void>;
  /** WhatsApp's login of this number has ended: its conversations over it end (contract flows §6.6). */
  unlinked(device: string): Promise<void>;
};

export function createFlows(o: FlowsOptions): FlowRuntime {
  const { store, queue, app, ttlMs, clock, log, kindOf = realKindOf } = o;
  const sequence = new Sequence(clock);
  const rows = new Rows(store, sequence, clock, ttlMs);
  const definitions = new Definitions({ store, app, read: (_, definition) => flowOf(definition), ttlMs, clock });
  const sends = new FlowSends({ sends: o.sends, branding: o.branding, clock });
  const sessions: Sessions = new Sessions({
    ...{ store, rows, definitions, queue, kindOf, ttlMs },
    ports: { ...o.ports, sends, app, clock, log },
    delayPark: app.delayPark,
    coolDown: o.coolDown,
    isReady: (device) => o.sends.isReady(device),
    onRest: (key, row) => keptAnswers.take(key, row),
  });
  const failures = new Failures();
  const starts = new Starts({
    ...{ store, sequence, definitions, app, clock, log },
    sends: o.sends,
    enter: (device, contact, work) => sessions.enter(device, contact, work),
    begin: (row, since, also) => sessions.begin(row, since, also),
    goOn: (device, contact) => sessions.goOn(device, contact),
    dropReplies: (batch, key) => rows.kept.dropAll(batch, key),
    onFailed: (start, why) => failures.add(start, why, clock.now()),
  });
  const parks = new Parks({ app, definitions, sends: o.sends, isUntold: o.isUntold, clock, log });
  const lookUp = flowLookUp(o.endpoints, clock);
  const { staleAfterMs, replyLate } = o;
  const answers = new Answers({ rows, sessions, starts, parks, definitions, kindOf, clock, staleAfterMs });
  const keptAnswers: KeptAnswers = new KeptAnswers({ rows, sessions, starts, answers, lookUp, replyLate, clock });
  const resume = new Resume({ rows, sessions, parks, definitions, clock });
  const delays = new Delays({ store, rows, sessions, parks, definitions, clock, log });
  const inbound = flowInbound({ rows, sessions, starts, answers, keptAnswers, parks, lookUp, clock });
  o.sends.onReady((device) => sessions.ready(device));
  const desk = flowDesk({ rows, sessions, starts, resume, delays, inbound, definitions, app, failures, ttlMs, clock });
  return {
    desk,
    flows: inbound.flows,
    start: () => {
      upgrade({ rows, definitions, clock, log });
      sessions.start();
      starts.recover();
      delays.recover();
      const { active, waiting } = desk.counts();
      if (active + waiting > 0) log.info({ active, waiting }, 'flows resumed');
    },
    stop: () => {
      starts.stop();
      return sessions.stop();
    },
    unlinked: (device) => sessions.unlinked(device),
  };
}
