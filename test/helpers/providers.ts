/**
 * Cloud API and Twilio numbers of one loopback world: set up at the app and at the vendor, and what the vendor saw.
 *
 * Deliberately not here: sending (bridge.ts), judging.
 */
import { z } from 'zod';
import type { Faults, Refusal } from '../loopback/provider-faults.ts';
import { call } from './json-http.ts';
import type { World } from './world.ts';

export type Vendor = 'graph' | 'twilio';

/** One request that a vendor got, in the terms that both share. */
export type Seen = {
  /** Epoch ms. */
  readonly at: number;
  readonly path: string;
  readonly status: number;
  readonly sender: string;
  /** Digits. */
  readonly recipient: string;
  readonly text: string;
  /** Only when it was taken. */
  readonly id: string | undefined;
};

export type Account = {
  readonly vendor: Vendor;
  /** Digits of the sending number. */
  readonly phone: string;
  readonly token: string;
  /** Graph: the phone-number id. Twilio: the account. */
  readonly id: string;
  /** Only for those who ask with this workspace. */
  readonly workspace?: string;
};

let count = 0;

/** One like no other, in any world; `of`: another number of the same account. */
export function account(vendor: Vendor, of?: Account): Account {
  count += 1;
  const n = String(count).padStart(4, '0');
  const token = of?.token ?? `token-${n}`;
  const id = vendor === 'graph' ? `10900000${n}` : (of?.id ?? `AC${'0'.repeat(28)}${n}`);
  return { vendor, phone: `551199990${n}`, token, id };
}

/** Who the vendor says it was asked by. */
export const senderOf = ({ vendor, phone, id }: Account): string => (vendor === 'graph' ? id : phone);

const graphRequests = z.array(
  z.object({
    at: z.number(),
    path: z.string(),
    body: z.looseObject({ to: z.string().optional(), text: z.object({ body: z.string() }).optional() }).nullish(),
    status: z.number(),
    id: z.string().optional(),
  }),
);
const twilioRequests = z.array(
  z.object({
    at: z.number(),
    form: z.object({ From: z.string().default(''), To: z.string().default(''), Body: z.string().default('') }),
    status: z.number(),
    sid: z.string().optional(),
  }),
);

const digitsOf = (text: string): string => text.replace(/\D/g, '');

export class Providers {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** The app's settings of a number, and the token that the vendor takes from it. */
  async add({ vendor, phone, token, id, workspace }: Account): Promise<void> {
    await this.tell({ vendor, phone, token, id, ...(workspace !== undefined && { workspace }) });
    await this.accept(vendor, id, token);
  }

  /** The app's settings alone. */
  async tell({ vendor, phone, token, id, workspace }: Account): Promise<void> {
    const fields =
      vendor === 'graph'
        ? { use_facebook_api: true, facebook_token: token, facebook_phone_id: id }
        : { use_twilio: true, twilio_account_sid: id, twilio_auth_token: token, twilio_from_number: `+${phone}` };
    await this.#post('/app/settings', { phone, ...fields, ...(workspace !== undefined && { workspace }) });
  }

  /** The vendor takes this token for the number from now on, and no other. */
  async accept(vendor: Vendor, id: string, token: string): Promise<void> {
    if (vendor === 'graph') await this.#post('/graph/token', { phoneId: id, token });
    else await this.#post('/twilio/account', { accountSid: id, token });
  }

  /** The next messages of this account are refused, in turn. */
  async refuse(account: Account, ...answers: readonly Refusal[]): Promise<void> {
    await this.#post(`/${account.vendor}/answers`, { sender: senderOf(account), answers });
  }

  async faults(vendor: Vendor, faults: Faults): Promise<void> {
    await this.#post(`/${vendor}/faults`, faults);
  }

  /** Calls that stop half-way at the vendor now. */
  async held(vendor: Vendor): Promise<number> {
    return z.object({ held: z.number() }).parse((await call(`${this.#world.control}/${vendor}/held`)).body).held;
  }

  /** Everything that the vendor was asked, in order. */
  async seen(vendor: Vendor): Promise<readonly Seen[]> {
    const { body } = await call(`${this.#world.control}/${vendor}/requests`, { timeoutMs: 60_000 });
    if (vendor === 'twilio')
      return twilioRequests.parse(body).map(({ at, form, status, sid }) => {
        const [sender, recipient] = [digitsOf(form.From), digitsOf(form.To)];
        return { at, path: '', status, sender, recipient, text: form.Body, id: sid };
      });
    return graphRequests.parse(body).map(({ at, path, body: message, status, id }) => {
      const [sender = '', recipient] = [path.split('/')[2], digitsOf(message?.to ?? '')];
      return { at, path, status, sender, recipient, text: message?.text?.body ?? '', id };
    });
  }

  /** Messages of one number that the vendor was asked to send, in order. */
  async messages(account: Account): Promise<readonly Seen[]> {
    const all = await this.seen(account.vendor);
    return all.filter(({ sender, path }) => sender === senderOf(account) && !path.endsWith('/media'));
  }

  /** Look-ups of a number's settings that reached the app. */
  async lookUps(phone: string): Promise<number> {
    const all = await this.#world.appRequests({ path: '/api/whatsapp-settings' });
    return all.filter(({ body }) => (body as { phone?: string }).phone === phone).length;
  }

  async #post(path: string, body: object): Promise<void> {
    const answer = await call(`${this.#world.control}${path}`, { body });
    if (answer.status !== 200) throw new Error(`world ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
}
