/**
 * What becomes of a customer's message: whose answer it is, or which flow it starts (contract flows §7.1 steps 2 to 4,
 * §7.2).
 *
 *  AW1  A message is decided on once; the decision is on disk, with all that it changes, before the caller hears of it, and
 *       what follows from it runs behind that.
 *  AW2  The order of §7.1: trigger word, own options and jumps, remembered keyword, whatever the wait takes else (F-18).
 *  AW3  A caller that has given up decides nothing any more (F-20).
 */
import type { KeywordAnswer } from '../../app-client/endpoints.ts';
import type { Clock } from '../../clock.ts';
import type { Identity } from '../../phone.ts';
import type { Definitions } from './definitions.ts';
import type { Flow } from './definition.types.ts';
import type { NodeKind, Scene } from './node.ts';
import type { Parks } from './parks.ts';
import { routeReply } from './reply-routing.ts';
import type { Rows } from './rows.ts';
import { isRunning, type OpenWait, type SessionRow } from './session.types.ts';
import type { Sessions } from './sessions.ts';
import type { Start, Starts } from './starts.ts';
import { callOf, jump, take } from './steps.ts';
import { Variables } from './variables.ts';
import { sessionFacts } from './visit.ts';
import type { Reply, Wait } from './waits.types.ts';

export type Question = {
  readonly device: string;
  readonly contact: Identity;
  readonly reply: Reply;
  /** Push name of the customer. */
  readonly name: string;
  readonly lookUp: () => Promise<KeywordAnswer>;
  /** AW3. */
  readonly isOpen: () => boolean;
  /** What a flow that this message starts by keyword begins with, besides the flow itself. */
  readonly start: Omit<Start, 'flowId' | 'trigger' | 'timeoutS' | 'cooldownS'>;
  /** Whether cooldowns count for it (contract flows §7.2). */
  readonly coolsDown: boolean;
};

export type AnswersOptions = {
  readonly rows: Rows;
  readonly sessions: Sessions;
  readonly starts: Starts;
  readonly parks: Parks;
  readonly definitions: Definitions;
  readonly kindOf: (type: string) => NodeKind;
  readonly clock: Clock;
};

export class Answers {
  readonly #o: AnswersOptions;

  constructor(options: AnswersOptions) {
    this.#o = options;
  }

  /** Resolves with whether a session took it, as soon as that is on disk. */
  offer(question: Question): Promise<boolean> {
    const { device, contact } = question;
    return new Promise((resolve) => {
      void this.#o.sessions
        .enter(device, contact, async (row) => {
          if (!question.isOpen()) return;
          const here = row ?? (await this.#unparked(question));
          const taken = here && !here.ended && question.isOpen() && (await this.#decide(here, question));
          resolve(taken === true);
          if (here && taken === true && isRunning(here) && !here.pause) await this.#o.sessions.run(here);
        })
        // Decided on already, unless it failed or the process stops.
        .finally(() => resolve(false));
    });
  }

  /** For a message that starts a flow, whatever decided so; in the mailbox or out of it. */
  async start(
    question: Question,
    flowId: string,
    by: Pick<Start, 'timeoutS' | 'cooldownS'> & { readonly keyword: boolean },
  ): Promise<void> {
    const { rows, starts } = this.#o;
    const { device, reply, start } = question;
    const { keyword, ...rest } = by;
    const trigger = keyword && isTyped(reply) ? reply.text.trim() : '';
    await starts.order({ ...start, ...rest, flowId, ...(trigger !== '' && { trigger }) }, (batch) => {
      rows.handle(batch, device, reply.id);
      if (trigger !== '') rows.rememberKeyword(batch, device, trigger);
    });
  }

  /** Of a look-up that found a flow; undefined for everything else. */
  async startFound(question: Question, found: KeywordAnswer): Promise<boolean> {
    if (!question.isOpen() || found.kind !== 'found' || found.reply.kind !== 'flow') return false;
    const { flowId, timeoutS, cooldownS } = found.reply;
    const cooldown = question.coolsDown ? cooldownS : 0;
    await this.start(question, flowId, {
      cooldownS: cooldown,
      keyword: true,
      ...(timeoutS !== undefined && { timeoutS }),
    });
    return true;
  }

  async #unparked({ device, contact, reply }: Question): Promise<SessionRow | undefined> {
    if (!reply.tap && reply.text.trim() === '') return undefined;
    return this.#o.parks.find(device, contact);
  }

  /** Changes the row when a session takes the message (AW1). */
  async #decide(row: SessionRow, question: Question): Promise<boolean> {
    const { rows, sessions, clock } = this.#o;
    const { device, reply } = question;
    if (rows.isHandled(device, reply.id)) return true;
    if (isRunning(row)) return this.#queue(row, question);
    if (isTyped(reply) && row.trigger !== undefined && isSame(reply.text, row.trigger))
      return this.#restart(row, question);
    const found = this.#routing(row, reply);
    const isAny = found.kind === 'none' || (found.kind === 'answer' && found.match.anyText === true);
    if (
      isAny &&
      isTyped(reply) &&
      rows.isKeyword(device, reply.text) &&
      (await this.startFound(question, await question.lookUp()))
    )
      return true;
    if (found.kind === 'none' || !question.isOpen()) return false;
    const now = clock.now();
    if (found.kind === 'jump') jump(row, found, reply.text, now);
    else take(row, found.open, reply, found.match, now);
    await sessions.save(row, (batch) => rows.handle(batch, device, reply.id));
    return true;
  }

  /** AW2, the first: the same flow again. */
  async #restart(row: SessionRow, question: Question): Promise<boolean> {
    const root = row.calls.find(({ from }) => !from);
    if (!root) return false;
    const { timeoutS, cooldownS } = row;
    await this.start(question, root.flow, { cooldownS, keyword: true, ...(timeoutS !== undefined && { timeoutS }) });
    return true;
  }

  /** It waits for something else than the customer, for hours perhaps: the message is kept for then. */
  async #queue(row: SessionRow, { device, reply }: Question): Promise<boolean> {
    const { rows } = this.#o;
    await rows.write((batch) => {
      rows.keepReply(batch, row.key, reply);
      rows.handle(batch, device, reply.id);
    });
    return true;
  }

  /** Replies that came while it ran or was paused, in their order; to be called in the mailbox. */
  async takeKept(row: SessionRow): Promise<void> {
    const { rows, sessions, clock } = this.#o;
    const [first] = rows.keptReplies(row.key);
    if (!first) return;
    const { id, reply } = first;
    const found = row.ended ? ({ kind: 'none' } as const) : this.#routing(row, reply);
    if (found.kind === 'jump') jump(row, found, reply.text, clock.now());
    else if (found.kind === 'answer') take(row, found.open, reply, found.match, clock.now());
    await sessions.save(row, (batch) => rows.dropReply(batch, id));
    if (isRunning(row)) return sessions.run(row);
    return this.takeKept(row);
  }

  #routing(row: SessionRow, reply: Reply) {
    const { wait } = row;
    const home = (wait && callOf(row, wait)) ?? row.calls[0];
    const flow = home && this.#o.definitions.pinned(home.hash);
    if (!home || !flow) return { kind: 'none' } as const;
    const standing = {
      flow,
      waiting: wait?.wait,
      menus: row.menus,
      sceneOf: (node: string) => this.#scene(row, home.id, node),
    };
    const found = routeReply(standing, reply, this.#o.kindOf);
    switch (found.kind) {
      case 'none':
        return found;
      case 'jump':
        return { kind: 'jump', call: home.id, node: found.nodeId } as const;
      case 'answer':
        return {
          kind: 'answer',
          match: found.match,
          open: openOf(row, found.wait, home.id, this.#o.clock.now()),
        } as const;
      default:
        return found satisfies never;
    }
  }

  /** Of a node of the flow that waits, else of any that was called. */
  #scene(row: SessionRow, home: number, nodeId: string): Scene | undefined {
    const near = row.calls.toSorted((a, b) => Number(b.id === home) - Number(a.id === home));
    for (const { hash } of near) {
      const flow = this.#o.definitions.pinned(hash);
      const node = flow?.nodes.get(nodeId);
      if (flow && node) return sceneOf(row, flow, node);
    }
    return undefined;
  }
}

function sceneOf(row: SessionRow, flow: Flow, node: Scene['node']): Scene {
  const isWired = (port: number) => flow.edges.some((edge) => edge.from === node.id && edge.port === port);
  return { node, flow, session: sessionFacts(row, undefined), vars: new Variables(row.variables), isWired };
}

/** Where an answered wait belongs: the one that waits, a menu that was sent, else the flow that waits now. */
function openOf(row: SessionRow, wait: Wait, home: number, now: number): OpenWait {
  if (row.wait?.wait === wait) return row.wait;
  const menu = row.menus.findLast((each) => each.wait === wait);
  return { call: menu?.call ?? home, node: wait.nodeId, wait, since: now };
}

const isTyped = ({ tap, vote, text }: Reply): boolean => !tap && !vote && text.trim() !== '';
const isSame = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase();
