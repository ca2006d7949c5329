/**
 * The interpreter of a call flow (IVR): a graph, a state, and what happened lead to what must be done next. Pure: effects
 * are values, whoever runs them answers with an event. Contract voice §10.
 *
 *  CF1  At most 40 steps for one turn, so that a circle ends the call instead of running for ever.
 *  CF2  The way out of a node is the first edge of its port; `out` also takes an edge without a port. No way: the end, or
 *       the start again, with a turn that nothing has waited for.
 *  CF3  A digit pressed is a turn; at a menu the digit n is its option n (V-18).
 *  CF4  A menu that is reached before the caller ever said anything waits for a turn, as a listen does.
 *  CF5  So does one that has chosen by this turn before: the same words would lead the same way again.
 *
 * Deliberately not here: speaking, listening, time (`flow-run.ts`).
 */
import type { CallFlow } from '../../../app-client/voice-calls.ts';
import { type Fields, firstText, flagOf, isObject, listOf, numberOf, textOf } from '../../../content/loose.ts';

const STEPS = 40;
/** No timer knows more. */
const LONGEST_SILENCE_MS = 2_147_483_647;

export type FlowTurn = { readonly text: string; readonly isDigit: boolean };

export type FlowEffect =
  | { readonly kind: 'say'; readonly text: string }
  /** `silenceMs` undefined: as long as any conversation waits. */
  | { readonly kind: 'hear'; readonly silenceMs: number | undefined }
  | { readonly kind: 'ask'; readonly model: string; readonly prompt: string; readonly callAssistantId: string }
  | { readonly kind: 'search'; readonly query: string; readonly filler: string }
  /** The graph is left for a conversation. */
  | { readonly kind: 'converse'; readonly callAssistantId: string }
  | { readonly kind: 'hang up'; readonly goodbye: string; readonly why: string }
  /** There is no way on. */
  | { readonly kind: 'end' };

export type FlowEvent =
  /** The effect is done. */
  | { readonly kind: 'done' }
  | { readonly kind: 'turn'; readonly turn: FlowTurn }
  | { readonly kind: 'silence' }
  /** Of an `ask` or a `search`; `''`: none. */
  | { readonly kind: 'answer'; readonly text: string };

export type FlowState = {
  /** The node whose effect is being run. */
  readonly node: string;
  readonly variables: Readonly<Record<string, string>>;
  /** What the caller said last; undefined: nothing so far. */
  readonly turn: FlowTurn | undefined;
  /** The menus that have chosen by it. */
  readonly chosenBy: readonly string[];
  readonly steps: number;
};

export type FlowStep = { readonly state: FlowState; readonly effect: FlowEffect };

type Node = CallFlow['nodes'][number];

export class FlowInterpreter {
  readonly #flow: CallFlow;
  readonly #wantsToEnd: (said: string) => boolean;

  constructor(flow: CallFlow, wantsToEnd: (said: string) => boolean) {
    this.#flow = flow;
    this.#wantsToEnd = wantsToEnd;
  }

  start(variables: Readonly<Record<string, string>>): FlowStep {
    // Names such as `__proto__` are ordinary.
    const own: Record<string, string> = Object.assign(Object.create(null), variables);
    return this.#begin({ node: '', variables: own, turn: undefined, chosenBy: [], steps: 0 });
  }

  /** CF2. What has been saved stays. */
  again(before: FlowState, turn: FlowTurn): FlowStep {
    return this.#begin({ ...before, node: '', turn, chosenBy: [], steps: 0 });
  }

  #begin(state: FlowState): FlowStep {
    const { nodes } = this.#flow;
    const trigger = nodes.find(({ type }) => type === 'trigger');
    return trigger ? this.#leave(state, trigger, 'out') : this.#enter(state, nodes[0]?.id);
  }

  next(before: FlowState, event: FlowEvent): FlowStep {
    const node = this.#flow.nodes.find(({ id }) => id === before.node);
    if (!node) return { state: before, effect: { kind: 'end' } };
    const state = event.kind === 'turn' ? { ...before, turn: event.turn, chosenBy: [], steps: 0 } : before;
    const { data } = node;
    switch (node.type) {
      case 'cf_listen': {
        const heard = event.kind === 'turn' ? event.turn.text : '';
        const fresh = event.kind === 'silence' ? { ...state, steps: 0 } : state;
        return this.#leave(saved(fresh, firstText(data, 'save') || 'caller_said', heard), node, 'out');
      }
      case 'cf_menu':
        return this.#menu(state, node);
      case 'cf_search':
        return this.#leave(saved(state, firstText(data, 'save') || 'search', answerOf(event)), node, 'out');
      case 'cf_ai': {
        if (event.kind !== 'answer') return this.#afterAnswer(state, node);
        const answered = saved(state, firstText(data, 'save') || 'ai_reply', event.text);
        return event.text === ''
          ? this.#afterAnswer(answered, node)
          : { state: answered, effect: { kind: 'say', text: event.text } };
      }
      default:
        return this.#leave(state, node, 'out');
    }
  }

  #enter(from: FlowState, id: string | undefined): FlowStep {
    const node = this.#flow.nodes.find((one) => one.id === id);
    if (!node) return { state: from, effect: { kind: 'end' } };
    if (from.steps >= STEPS) return hangUp(from, 'too many steps');
    const state: FlowState = { ...from, node: node.id, steps: from.steps + 1 };
    const { data } = node;
    const text = (...names: string[]) => filled(firstText(data, ...names), state.variables);
    switch (node.type) {
      case 'cf_say':
        return { state, effect: { kind: 'say', text: text('text') } };
      case 'cf_transfer':
        return { state, effect: { kind: 'say', text: text('message') } };
      case 'cf_listen': {
        const seconds = numberOf(data['silenceTimeout']);
        return {
          state,
          effect: { kind: 'hear', silenceMs: seconds > 0 ? Math.min(seconds * 1000, LONGEST_SILENCE_MS) : undefined },
        };
      }
      case 'cf_menu':
        return state.turn && !state.chosenBy.includes(node.id)
          ? this.#menu(state, node)
          : { state, effect: { kind: 'hear', silenceMs: undefined } };
      case 'cf_ai':
        return {
          state,
          effect: { kind: 'ask', model: text('model'), prompt: text('prompt'), callAssistantId: assistantOf(data) },
        };
      case 'cf_search':
        return { state, effect: { kind: 'search', query: text('query'), filler: text('filler') } };
      case 'cf_assistant':
        return { state, effect: { kind: 'converse', callAssistantId: assistantOf(data) } };
      case 'cf_hangup':
        return { state, effect: { kind: 'hang up', goodbye: text('goodbye'), why: 'call flow' } };
      default:
        return this.#leave(state, node, 'out');
    }
  }

  #leave(state: FlowState, node: Node, port: string): FlowStep {
    const edges = this.#flow.edges.filter(({ source }) => source === node.id);
    const edge = edges.find((one) => one.port === port) ?? edges.find((one) => port === 'out' && one.port === '');
    return this.#enter(state, edge?.target);
  }

  #menu(state: FlowState, node: Node): FlowStep {
    const options = (listOf(node.data['options']) ?? []).map((option) => (isObject(option) ? option : {}));
    const said = state.turn?.text.toLowerCase() ?? '';
    const pressed = state.turn?.isDigit ? Number(said) : Number.NaN;
    const byDigit = pressed >= 1 && pressed <= options.length ? pressed - 1 : -1;
    const bySpeech = options.findIndex((option) => {
      const match = firstText(option, 'match').toLowerCase();
      return match !== '' && said.includes(match);
    });
    const chosen = byDigit >= 0 ? byDigit : bySpeech;
    const after = { ...state, chosenBy: [...state.chosenBy, node.id] };
    return this.#leave(after, node, chosen >= 0 ? `p${chosen}` : 'nomatch');
  }

  /** Exit keywords count only here (§10). */
  #afterAnswer(state: FlowState, node: Node): FlowStep {
    const ends = flagOf(node.data['endOnGoodbye'], true) && this.#wantsToEnd(state.turn?.text ?? '');
    return ends ? hangUp(state, 'exit keyword') : this.#leave(state, node, 'out');
  }
}

const assistantOf = (data: Fields): string => firstText(data, 'callAssistantId', 'assistant_id', 'assistant');

const answerOf = (event: FlowEvent): string => (event.kind === 'answer' ? event.text : '');

const hangUp = (state: FlowState, why: string): FlowStep => ({ state, effect: { kind: 'hang up', goodbye: '', why } });

function saved(state: FlowState, name: string, value: string): FlowState {
  const variables: Record<string, string> = Object.assign(Object.create(null), state.variables);
  variables[name] = value;
  return { ...state, variables };
}

/** Unknown names become nothing: the text is spoken. */
const filled = (text: string, variables: Readonly<Record<string, string>>): string =>
  text.replace(/\{\{\s*([\w.]+)\s*\}\}/g, (_, name: string) => textOf(variables[name]));
