/**
 * What a call asks the app before it talks: whom it talks for, and whose it is. Contract voice §4 steps 1, 2 and 6.
 *
 *  AS1  The assistant is asked for twice at most, and only a word of the app's own is a reason to reject the caller.
 *  AS2  A claim is repeated only when the app cannot have heard of it; a lost answer counts as made (V-36).
 *  AS3  No claim is begun after its deadline (V-15), and none is repeated for a call that was ended meanwhile.
 */
import type { Asking, VoiceCalls } from '../../app-client/voice-calls.ts';
import { type Clock, sleep } from '../../clock.ts';
import type { Claimed } from '../../machines/call-events.ts';
import type { CallRequest } from './call.types.ts';
import type { CallBrief } from './pipeline.ts';

export type AskedBrief =
  | { readonly kind: 'brief'; readonly brief: CallBrief }
  | { readonly kind: 'none'; readonly error: string; readonly reject: boolean };

const CLAIM_PAUSES_MS = [250, 1_000, 2_000];

/** AS1 */
export async function askForBrief(
  app: VoiceCalls,
  { call, workspace, assistantId, callerPhone, calleePhone }: Omit<CallRequest, 'access' | 'offer'>,
  asking: Asking,
): Promise<AskedBrief> {
  const assistantTwice = async () => {
    const first = await app.assistant(assistantId, workspace, asking);
    return first.kind === 'no answer' && !asking.signal?.aborted
      ? app.assistant(assistantId, workspace, asking)
      : first;
  };
  const [answer, keys, active] = await Promise.all([
    assistantTwice(),
    app.keys(workspace, asking),
    app.activeFlow(workspace, asking),
  ]);
  if (answer.kind !== 'assistant')
    return { kind: 'none', error: 'assistant_fetch_failed', reject: answer.kind === 'refused' };
  const { assistant } = answer;
  const flow = assistant.callFlow ?? active;
  const brief = { call, workspace, assistantId, assistant, keys, callerPhone, calleePhone, ...(flow && { flow }) };
  return { kind: 'brief', brief };
}

export type ClaimLimits = {
  readonly clock: Clock;
  /** Epoch ms. */
  readonly deadline: number;
  /** Something has ended the call. */
  readonly isCut: () => boolean;
};

/** AS2, AS3 */
export async function claimFor(
  app: VoiceCalls,
  ids: { readonly call: string; readonly metaCallId: string; readonly assistantId: string },
  { clock, deadline, isCut }: ClaimLimits,
  asking: Asking,
): Promise<Claimed> {
  for (const pause of [...CLAIM_PAUSES_MS, undefined]) {
    const claim = await app.claim(ids, asking);
    if (claim === 'unknown') return { kind: 'in doubt' };
    if (claim === 'refused') return { kind: 'failed', error: 'claim_refused' };
    if (claim !== 'not asked') return { kind: claim };
    if (pause === undefined) break;
    if (clock.now() + pause >= deadline) return { kind: 'failed', error: 'setup_timeout' };
    await sleep(clock, pause);
    if (isCut()) break;
  }
  return { kind: 'failed', error: 'claim_failed' };
}
