/**
 * Which pipeline a call gets. Pure. Contract voice §1.
 *
 *  CH1  First match: an active flow, the assistant's own word, `VOICE_PIPELINE`.
 *  CH2  Realtime without its key is a cascade where that has its keys; what is missing is named for what was chosen.
 */
import type { CallBrief, PipelineMaker } from './pipeline.ts';

export type PipelineName = 'cascade' | 'realtime';

export type Choice =
  | { readonly kind: 'pipeline'; readonly name: PipelineName }
  | { readonly kind: 'missing'; readonly keys: readonly string[] };

export function chosen(
  brief: CallBrief,
  preferred: PipelineName | 'auto',
  makers: Readonly<Record<PipelineName, Pick<PipelineMaker, 'missing'>>>,
): Choice {
  const wanted = wantedOf(brief, preferred);
  const missing = makers[wanted].missing(brief);
  if (missing.length === 0) return { kind: 'pipeline', name: wanted };
  if (wanted === 'realtime' && makers.cascade.missing(brief).length === 0) return { kind: 'pipeline', name: 'cascade' };
  return { kind: 'missing', keys: missing };
}

function wantedOf({ flow, assistant, keys }: CallBrief, preferred: PipelineName | 'auto'): PipelineName {
  if (flow) return 'cascade';
  if (assistant.pipeline) return assistant.pipeline;
  if (preferred !== 'auto') return preferred;
  return keys.openai !== '' && assistant.model.startsWith('gpt-realtime') ? 'realtime' : 'cascade';
}
