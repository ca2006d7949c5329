/**
 * What jobs ask the app for when they run, and the campaigns that it may list at start. Contract bulk §4.3.
 *
 *  LU1  A look-up says `no answer` unless the app itself said what is so: a job then waits, it does not fail.
 *
 * Deliberately not here: queue recipients, which nobody asks for (S-65); flows (endpoints.ts).
 */
import { z } from 'zod';
import type { WorkspaceAttributes } from './attributes.ts';
import type { AppAnswer, AppClient } from './client.ts';

type Fields = Readonly<Record<string, unknown>>;

export type TemplateAnswer =
  | { readonly kind: 'found'; readonly fields: Fields }
  | { readonly kind: 'not found' }
  | { readonly kind: 'no answer'; readonly why: string };

export type CampaignList =
  | { readonly kind: 'list'; readonly campaigns: readonly Fields[] }
  | { readonly kind: 'no answer'; readonly why: string };

const TIMEOUT_MS = 15_000;

const fields = z.record(z.string(), z.unknown());
const templateAnswer = z.object({ template: fields });
const campaignsAnswer = z.object({
  campaigns: z.union([z.array(fields), z.record(z.string(), fields).transform((list) => Object.values(list))]),
});

export class JobLookUps {
  readonly #client: Pick<AppClient, 'get'>;
  readonly #attributes: WorkspaceAttributes;

  constructor(client: Pick<AppClient, 'get'>, attributes: WorkspaceAttributes) {
    this.#client = client;
    this.#attributes = attributes;
  }

  async template(id: number): Promise<TemplateAnswer> {
    const answer = await this.#get(`/api/templates-camp/${id}`);
    if (answer.kind === 'answer' && answer.status === 404) return { kind: 'not found' };
    const { data } = templateAnswer.safeParse(bodyOf(answer));
    return data ? { kind: 'found', fields: data.template } : { kind: 'no answer', why: reasonOf(answer) };
  }

  /** `{}` when the app has none or does not say. */
  attributes(workspace: string): Promise<Fields> {
    return this.#attributes.of(workspace, 'ask again');
  }

  async campaigns(signal?: AbortSignal): Promise<CampaignList> {
    const answer = await this.#get('/api/campaigns/sync', signal);
    // Apps without this list run their campaigns themselves.
    if (answer.kind === 'answer' && answer.status === 404) return { kind: 'list', campaigns: [] };
    const { data } = campaignsAnswer.safeParse(bodyOf(answer));
    return data ? { kind: 'list', campaigns: data.campaigns } : { kind: 'no answer', why: reasonOf(answer) };
  }

  #get(path: string, signal?: AbortSignal): Promise<AppAnswer> {
    return this.#client.get(path, {}, { timeoutMs: TIMEOUT_MS, ...(signal && { signal }) });
  }
}

const bodyOf = (answer: AppAnswer): unknown =>
  answer.kind === 'answer' && answer.status >= 200 && answer.status < 300 ? answer.body : undefined;

const reasonOf = (answer: AppAnswer): string => (answer.kind === 'answer' ? `HTTP ${answer.status}` : answer.detail);
