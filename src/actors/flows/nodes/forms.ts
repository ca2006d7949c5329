/**
 * Forms that a customer fills in elsewhere: Google's, by a link, and Meta's, inside WhatsApp (contract flows §2.4, §10.2).
 *
 *  FO1  What the customer types meanwhile is no answer to the form (F-02): these waits match nothing, only a submission
 *       ends them.
 *  FO2  A form that could not be sent is not waited for.
 */
import { firstText, numberOf, textOf } from '../../../content/loose.ts';
import { missing, unwired } from '../checks.ts';
import type { NodeKind, NodeResult } from '../node.ts';
import { whyNot } from '../told.ts';

const SUBMITTED = 1;
const TIMEOUT = 2;
const DAY_S = 86_400;
const [SHORTEST_S, LONGEST_S] = [60, 604_800];

export const googleForm: NodeKind = {
  types: ['GoogleForm'],
  run: async ({ node, vars, session, now, app, send, once, warn, isWired }) => {
    const { fields } = node;
    const formId = firstText(fields, 'formId');
    const variable = firstText(fields, 'saveAs') || 'google_form';
    const asked = numberOf(fields['expiresInSec']);
    const seconds = Math.min(Math.max(asked > 0 ? Math.round(asked) : DAY_S, SHORTEST_S), LONGEST_S);
    const body = {
      ...(session.workspace !== undefined && { workspace_id: session.workspace }),
      ...{ google_form_id: formId, flow_session_id: session.key, contact_phone: session.customer },
      ...{ save_variable: variable, resume_port: 'submitted', expires_in_sec: seconds },
    };
    const missed: NodeResult = { kind: 'next', port: isWired(TIMEOUT) ? TIMEOUT : SUBMITTED };
    const answer = await once(() => app.google({ what: 'google/form-send', body }));
    const url = answer.kind === 'ok' ? textOf(answer.value['form_url']) : '';
    if (url === '') {
      warn(`a Google form of the flow failed: ${answer.kind === 'ok' ? 'no address' : whyNot(answer)}`);
      return missed;
    }
    vars.set('form_url', url);
    const words = vars.fill(textOf(fields['bodyText'])).trim();
    const text = words.includes(url) ? words : [words, url].filter((line) => line !== '').join('\n');
    if ((await send({ kind: 'text', text })).kind === 'failed') return missed;
    const wait = { nextNodeType: 'GoogleForm', nodeId: node.id, variable, formId, startedAt: now } as const;
    return { kind: 'wait', wait, due: now + seconds * 1_000 };
  },
  waits: () => true,
  check: (node, flow) => [
    ...missing(node, 'error', 'formId'),
    ...unwired(node, flow, new Map([[SUBMITTED, 'Submitted']])),
  ],
};

/** Only a Cloud number can send one; whatever is in the way, the flow goes on. */
export const waForm: NodeKind = {
  types: ['WaForm'],
  run: async ({ node, vars, texts, session, now, send, warn }) => {
    const { fields } = node;
    const [formId, metaFlowId] = [firstText(fields, 'formId'), firstText(fields, 'metaFlowId')];
    const goOn: NodeResult = { kind: 'next', port: 1 };
    if (session.engine !== 'waba' || metaFlowId === '') {
      warn(`a WhatsApp form of the flow ${metaFlowId === '' ? 'is not published' : 'needs a Cloud number'}, passed`);
      return goOn;
    }
    const flowToken = `form-${formId}-${session.key}`;
    const { kind } = await send({
      kind: 'form',
      title: vars.fill(firstText(fields, 'formTitle')),
      body: vars.fill(textOf(fields['bodyText'])).trim() || texts.prompt,
      footer: '',
      button: vars.fill(firstText(fields, 'ctaLabel')) || texts.menu,
      formId: metaFlowId,
      token: flowToken,
    });
    if (kind === 'failed') return goOn;
    const own = { nextNodeType: 'WaForm', nodeId: node.id, variable: '' } as const;
    return { kind: 'wait', wait: { ...own, formId, metaFlowId, flowToken, startedAt: now } };
  },
  waits: () => true,
  check: (node) => [...missing(node, 'error', 'formId'), ...missing(node, 'warning', 'metaFlowId')],
};
