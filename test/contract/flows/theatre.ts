/**
 * What the tests of flows through a whole bridge share: one number on the linked device and one on Cloud API, flows and
 * keywords at the app, customers who have never written before, and what the app got of their conversations.
 */
import { expect } from 'vitest';
import type { Bridge } from '../../helpers/bridge.ts';
import { eventually } from '../../helpers/eventually.ts';
import { CloudCustomer, LinkedCustomer } from '../../helpers/flow-customers.ts';
import { planned, type PlannedNode } from '../../helpers/flow-plan.ts';
import { Providers } from '../../helpers/providers.ts';
import { CommonStage, newContact, NO_FAULTS } from '../../helpers/common-stage.ts';
import type { World } from '../../helpers/world.ts';

const CLOUD = '4930555001';
/** A bridge remembers flows for a while: those of different files are different ones. */
let flows = 0;
type Body = Readonly<Record<string, unknown>>;

/** Long enough to see that nothing comes. */
export const quiet = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5_000));

export class Theatre {
  readonly world: World;
  readonly bridge: Bridge;
  /** On the linked device. */
  readonly number: string;
  readonly cloud = CLOUD;
  readonly #common: CommonStage;

  private constructor(common: CommonStage) {
    this.world = common.stage.world;
    this.bridge = common.bridge;
    this.number = common.number;
    this.#common = common;
  }

  static async open(): Promise<Theatre> {
    const common = await CommonStage.enter();
    const providers = new Providers(common.stage.world);
    await providers.add({ vendor: 'graph', phone: CLOUD, token: 'cloud-token', id: CLOUD });
    await common.settingsChanged();
    return new Theatre(common);
  }

  /** At the app; answers its id. */
  async flow(nodes: Readonly<Record<string, PlannedNode>>): Promise<number> {
    const id = 100 + ++flows;
    await this.world.app('flow', { id, ...planned(nodes) });
    return id;
  }

  /** `keyword`: lower case. */
  keyword(keyword: string, flow: number, phone = this.number): Promise<unknown> {
    const answer = { response: '200', reply: 'flow_triggered', reply_type: 'flow', flow_id: flow };
    return this.world.app('keyword', { keyword, phone, answer: { ...answer, cooldown: null, timeout: null } });
  }

  linked(): LinkedCustomer {
    return new LinkedCustomer(this.world, this.number, newContact());
  }

  onCloud(): CloudCustomer {
    return new CloudCustomer(this.world, this.bridge, CLOUD, newContact());
  }

  /** By `/api/flow/start`; the engine follows from the number's settings unless said otherwise. */
  async start(number: string, customer: string, flow: number, more: Body = {}): Promise<void> {
    const body = { flowId: flow, targetPhoneNumber: customer, ...more };
    const answer = await this.bridge.call(`/api/flow/start/${number}`, { body });
    expect([answer.status, answer.body]).toMatchObject([202, { message: 'FLOW START ACCEPTED' }]);
  }

  /** A route of the bridge; answers status and body. */
  async post(path: string, body: Body = {}): Promise<[number, unknown]> {
    const answer = await this.bridge.call(path, { body });
    return [answer.status, answer.body];
  }

  /** Mirrors of flow messages in this customer's thread, oldest first. */
  async mirrors(customer: string): Promise<Body[]> {
    const all = await this.world.appRequests({ path: '/api/inbound-message' });
    const bodies = all.map(({ body }) => body as Body);
    return bodies.filter(({ source, sender_phone: to }) => source === 'flow' && to === customer);
  }

  /** How often the app was asked for keywords of this customer. */
  async lookUps(customer: string): Promise<number> {
    const all = await this.world.appRequests({ path: '/api/keyword-replies' });
    return all.filter(({ body }) => String((body as Body)['mobile']).split('@')[0] === customer).length;
  }

  /** Waits until the app's park row says that the session stands there; `undefined`: that there is none. */
  async parked(key: string, node: string | undefined): Promise<Body> {
    return eventually(
      async () => {
        const row = (await this.world.appFlows()).parks[key];
        return row?.['node_id'] === node && (row ?? {});
      },
      { what: `the park of ${key} is at ${node ?? 'no node'}`, withinMs: 15_000, everyMs: 100 },
    );
  }

  /** Where the sessions of this customer stand. */
  async sessions(customer: string): Promise<Body[]> {
    const { body } = await this.bridge.call('/api/flow/sessions');
    const { sessions } = body as { sessions: Body[] };
    return sessions.filter(({ key }) => String(key).endsWith(`_${customer}`));
  }

  /** Waits until `/health` names the failed start of this subscriber (F-43). */
  async startFailed(subscriber: number): Promise<void> {
    await eventually(
      async () => {
        const { body } = await this.bridge.call('/health');
        const { lastFailedFlowStarts: last } = body as { lastFailedFlowStarts: Body[] };
        return last.some(({ flowSubscriberId }) => flowSubscriberId === subscriber);
      },
      { what: `/health names the failed start of ${subscriber}`, withinMs: 10_000 },
    );
  }

  /** Nothing broke the contract, and no contact failed to read a message. */
  async close(): Promise<void> {
    expect(await this.#common.leave()).toEqual(NO_FAULTS);
  }
}
