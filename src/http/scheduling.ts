/**
 * The ways from routes to the scheduler and back: a registration or its dry run, and an order to a job.
 *
 *  SC1  The scheduler gets the body as it came, without the token that may lie in it: the body is stored.
 *  SC2  A success is answered after the job is durable; every refusal means that nothing was stored (S-51).
 *  SC3  An id that can be no job's is "not found", whatever it looks like.
 *
 * Deliberately not here: what a body means and which jobs an id finds (scheduler).
 */
import { flagOf, textOf } from '../content/loose.ts';
import type { DryRun, Entry, Fields, JobKind, Jobs, Order, Registered } from '../scheduler/protocol.ts';
import { reply } from './declare.ts';
import type { HttpContext } from './env.ts';
import { iso } from './iso.ts';
import { LONGEST_ID } from './schemas/registrations.ts';

export type Accepted = Extract<Registered, { kind: 'registered' }>;

export type Registering<S extends object, R extends object> = {
  readonly kind: JobKind;
  readonly immediate?: true;
  readonly sender: string;
  /** As it came. */
  readonly body: Fields;
  readonly success: (job: Accepted) => S;
  /** The body of 422. */
  readonly unreadable: (why: string) => R;
  /** The body of 400. */
  readonly nobody: R;
};

export const registrar = (jobs: Jobs) =>
  async function register<const S extends object, const R extends object>(c: HttpContext, asked: Registering<S, R>) {
    const entry = entryOf(c, asked);
    const answer = flagOf(c.req.query('dryRun'), false) ? await jobs.dryRun(entry) : await jobs.register(entry);
    switch (answer.kind) {
      case 'registered':
        return reply(c, 200, asked.success(answer));
      case 'dry run':
        return reply(c, 200, dryRunOf(answer));
      case 'unreadable':
        return reply(c, 422, asked.unreadable(answer.why));
      case 'no contacts':
        return reply(c, 400, asked.nobody);
      default:
        return answer satisfies never;
    }
  };

function entryOf(c: HttpContext, { kind, immediate, sender, body }: Registering<object, object>): Entry {
  const fields = withoutToken(body);
  const named = textOf(fields['workspaceId']);
  const workspace = c.get('workspace') ?? (/^[\w-]{1,64}$/.test(named) ? named : undefined);
  return { kind, sender, body: fields, ...(immediate && { immediate }), ...(workspace !== undefined && { workspace }) };
}

/** SC1 */
export function withoutToken(body: Fields): Fields {
  const { node_token: _, ...fields } = body;
  return fields;
}

const dryRunOf = ({ engine, recipients, problems, finishAt }: Extract<DryRun, { kind: 'dry run' }>) => ({
  ...{ success: true as const, dryRun: true as const, engine, finishAt: iso(finishAt) },
  recipients: recipients.map(({ listed, contactId, at, zone, problems: own }) => ({
    ...{ phone: listed, at, zone, problems: [...own] },
    ...(contactId !== undefined && { contactId }),
  })),
  problems: [...problems],
});

/** SC3 */
export function idOf(c: HttpContext, name: string): string | undefined {
  const id = c.req.param(name) ?? '';
  return id !== '' && id.length <= LONGEST_ID ? id : undefined;
}

/** False when there is no such job. `kind`: jobs of another family are not found. */
export async function obeyed(jobs: Jobs, c: HttpContext, order: Order, kind?: JobKind): Promise<boolean> {
  const id = idOf(c, 'scheduleId');
  if (id === undefined || (kind !== undefined && jobs.job(id)?.kind !== kind)) return false;
  return (await jobs.order(order, id)) === 'done';
}
