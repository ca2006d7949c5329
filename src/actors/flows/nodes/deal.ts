/** Deal: opens one or moves the contact's (contract flows §2.4, §8). It has a way for errors. */
import { firstText, numberOf, textOf } from '../../../content/loose.ts';
import { missing, unwired } from '../checks.ts';
import type { NodeKind } from '../node.ts';
import { whyNot } from '../told.ts';

const CREATED = 1;
const ERROR = 2;

export const deal: NodeKind = {
  types: ['Deal'],
  run: async ({ node, vars, session, now, app, once, warn }) => {
    const { fields } = node;
    const value = numberOf(vars.fillForPeople(textOf(fields['dealValue']), now).replace(/[^\d.-]/g, ''));
    const request = {
      ...(session.workspace !== undefined && { workspace_id: session.workspace }),
      action: firstText(fields, 'action').toLowerCase() === 'move' ? 'move' : 'create',
      stage_id: firstText(fields, 'stageId'),
      deal_name: vars.fillForPeople(textOf(fields['dealName']), now).trim() || node.label,
      value: Number.isFinite(value) ? value : 0,
      owner_user_id: firstText(fields, 'ownerId'),
      contact_phone: session.customer,
    };
    const answer = await once(() => app.deal(request));
    if (answer.kind !== 'ok') {
      warn(`a deal of the flow failed: ${whyNot(answer)}`);
      return { kind: 'next', port: ERROR };
    }
    vars.set(firstText(fields, 'saveAs') || 'deal_id', answer.value['deal_id'] ?? '');
    return { kind: 'next', port: CREATED };
  },
  check: (node, flow) => [
    ...missing(node, 'error', 'stageId'),
    ...unwired(
      node,
      flow,
      new Map([
        [CREATED, 'Created'],
        [ERROR, 'Error'],
      ]),
    ),
  ],
};
