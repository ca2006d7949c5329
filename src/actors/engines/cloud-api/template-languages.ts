/**
 * In which languages Meta has approved a template (contract flows §10.4): for one that was asked for in another.
 *
 *  TL1  The token is in no error; what Meta echoes is not told.
 */
import { z } from 'zod';
import type { CallAnswer } from '../../../app-client/flow-calls.types.ts';
import type { CloudCredentials } from '../provider.ts';
import type { GraphOptions } from './client.ts';

const CALL_MS = 10_000;

const listed = z.object({
  data: z.array(z.object({ name: z.string(), language: z.string().min(1), status: z.string() })),
});

/** `account`: the WhatsApp Business Account that the template belongs to. */
export async function templateLanguages(
  { vendor, baseUrl, version, clock }: GraphOptions,
  credentials: Pick<CloudCredentials, 'token' | 'version'>,
  account: string,
  name: string,
): Promise<CallAnswer<readonly string[]>> {
  const path = [credentials.version || version, account, 'message_templates'].map(encodeURIComponent).join('/');
  const query = new URLSearchParams({ name, fields: 'name,language,status', limit: '100' });
  const answer = await vendor.get({
    url: `${baseUrl}/${path}?${query.toString()}`,
    authorization: `Bearer ${credentials.token}`,
    deadline: clock.now() + CALL_MS,
  });
  if (answer.kind !== 'answer') return { kind: 'no answer', why: answer.why };
  const { data } = listed.safeParse(answer.body);
  if (answer.status !== 200 || !data) {
    return { kind: 'refused', status: answer.status, error: 'Meta did not list the templates' };
  }
  // Meta looks for the name anywhere in the names.
  const own = data.data.filter((one) => one.name === name && one.status.toUpperCase() === 'APPROVED');
  return { kind: 'ok', value: [...new Set(own.map(({ language }) => language))] };
}
