/**
 * What flows ask the app, with answers that are used (contract flows §8, without Q). Implemented by flow-calls.ts.
 *
 *  FC1  Texts are cut to the app's limits, so that no call is lost to a 422 (F-54); counts and times are the asker's.
 *  FC2  What is not idempotent is asked again only when nothing can have arrived, or on 429 and 503.
 *  FC3  Nothing rejects.
 */

/** `refused`: the app (or a guard, or a server) said no; `no answer`: nobody knows what it did. */
export type CallAnswer<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'refused'; readonly status: number; readonly error: string }
  | { readonly kind: 'no answer'; readonly why: string };

/** As the app has it. */
export type FlowDefinition = {
  readonly flow: Readonly<Record<string, unknown>>;
  readonly data: Readonly<Record<string, unknown>>;
};

export type ParkedSession = {
  readonly flowId: string;
  readonly subscriber?: number;
  readonly device: string;
  readonly customer: string;
  readonly nodeId: string;
  readonly waiting: Readonly<Record<string, unknown>>;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly provider: string;
};

type Json = Readonly<Record<string, unknown>>;
type Ask<Request, Answer> = (request: Request) => Promise<CallAnswer<Answer>>;

/** For the runtime itself. */
export interface FlowStore {
  definition: (id: string) => Promise<CallAnswer<FlowDefinition>>;
  /** `{}` when the app has none; kept 60 s. */
  attributes: (workspace: string) => Promise<Json>;
  /** Undefined: nothing is parked. */
  parked: (sessionKey: string) => Promise<CallAnswer<ParkedSession | undefined>>;
  delayPark: Ask<ParkRequest, unknown>;
  storeMedia: Ask<{ readonly base64: string; readonly mime: string }, string>;
}

export type ParkRequest = {
  readonly flowId: string;
  readonly subscriber?: number;
  readonly sessionKey: string;
  readonly device: string;
  readonly customer: string;
  readonly nodeId: string;
  readonly provider: string;
  readonly seconds: number;
  readonly variables: Json;
};

/** For nodes. Requests carry the wire's own names where the app defines them (contract flows §8). */
export interface FlowCalls {
  ai: Ask<
    {
      readonly workspace: string | undefined;
      readonly model: string;
      readonly system: string;
      readonly user: string;
      readonly maxTokens: number;
      readonly temperature: number;
      readonly assistant?: string;
      readonly json?: boolean;
      readonly fields?: readonly string[];
    },
    { readonly reply: string }
  >;
  agentReply: Ask<
    {
      readonly workspace: string | undefined;
      readonly agent: string;
      readonly customer: string;
      readonly context: string;
    },
    Json
  >;
  deal: Ask<Json, Json>;
  templateHeaderMedia: Ask<
    { readonly workspace: string | undefined; readonly template: string; readonly phoneNumberId: string },
    { readonly mediaId: string }
  >;
  placeAiCall: Ask<Json, Json>;
  mysql: Ask<Json, { readonly rows: readonly unknown[] }>;
  google: Ask<
    {
      readonly what:
        | 'google-meet'
        | 'google/sheet-write'
        | 'google/sheet-read'
        | 'google/doc-generate'
        | 'google/form-send';
      readonly body: Json;
    },
    Json
  >;
  inventory: Ask<Json, { readonly inStock: readonly string[] }>;
  sendProducts: Ask<Json, Json>;
  checkoutLink: Ask<Json, { readonly url: string }>;
  slots: Ask<{ readonly workspace: string; readonly limit: number }, { readonly slots: readonly unknown[] }>;
  book: Ask<Json, Json>;
  bookingTypes: Ask<{ readonly workspace: string }, Json>;
  bookingSlots: Ask<
    { readonly workspace: string; readonly type: string; readonly offset: number; readonly day?: string },
    Json
  >;
  reserve: Ask<Json, Json>;
  bookTyped: Ask<Json, Json>;
  payLink: Ask<Json, Json>;
}
