/**
 * What a flow notes of a customer in the app: agent, tags and groups, tasks, fields (contract flows §2.4, §8). All of them
 * are told through the outbox, and the flow goes on at once.
 */
import { firstText, isObject, listOf, numberOf, textOf } from '../../../content/loose.ts';
import { missing } from '../checks.ts';
import type { NodeContext, NodeKind, NodeResult } from '../node.ts';

const GO_ON: NodeResult = { kind: 'next', port: 1 };
const ACTIONS = ['add', 'remove', 'add_group', 'remove_group'] as const;
const PRIORITIES = ['low', 'medium', 'high'];

const whose = ({ session: { device, key, customer, workspace } }: NodeContext) => ({
  ...{ device, session: key, customer },
  ...(workspace !== undefined && { workspace }),
});

export const assignAgent: NodeKind = {
  types: ['AssignAgent'],
  run: async (context) => {
    const { node, vars, tell } = context;
    const [team, user] = [firstText(node.fields, 'teamId'), firstText(node.fields, 'userId')];
    const note = vars.fill(textOf(node.fields['noteForAgent']));
    await tell({ ...whose(context), kind: 'flow assign', team, user, note });
    return GO_ON;
  },
  check: (node) => missing(node, 'warning', 'teamId', 'userId'),
};

export const tagContact: NodeKind = {
  types: ['TagContact'],
  run: async (context) => {
    const { node, vars, tell, warn } = context;
    const action = ACTIONS.find((one) => one === firstText(node.fields, 'action').toLowerCase()) ?? 'add';
    const [idField, nameField] = action === 'add' || action === 'remove' ? ['tagId', 'tag'] : ['groupId', 'group'];
    const id = firstText(node.fields, idField);
    const name = vars.fill(firstText(node.fields, nameField)).trim();
    if (id === '' && name === '') warn('a tag node of the flow names no tag, passed');
    else await tell({ ...whose(context), kind: 'flow tag', action, id, name });
    return GO_ON;
  },
  check: (node) => missing(node, 'error', 'tag', 'tagId', 'group', 'groupId'),
};

export const task: NodeKind = {
  types: ['Task'],
  run: async (context) => {
    const { node, vars, tell } = context;
    const { fields } = node;
    const due = numberOf(fields['dueInSeconds']);
    const priority = firstText(fields, 'priority').toLowerCase();
    await tell({
      ...{ ...whose(context), kind: 'flow task' },
      // The app refuses a task without a title.
      title: vars.fill(textOf(fields['title'])).trim() || node.label,
      notes: vars.fill(textOf(fields['notes'])),
      assignee: firstText(fields, 'assigneeId'),
      priority: PRIORITIES.includes(priority) ? priority : 'medium',
      related: firstText(fields, 'relatedType'),
      dueInS: due >= 0 ? Math.round(due) : null,
    });
    return GO_ON;
  },
  check: (node) => missing(node, 'warning', 'title'),
};

export const contactUpdate: NodeKind = {
  types: ['ContactUpdate'],
  run: async (context) => {
    const { node, vars, tell } = context;
    const fields = (listOf(node.fields['fields']) ?? [])
      .filter(isObject)
      .map((field) => ({ key: firstText(field, 'key'), value: vars.fill(textOf(field['value'])) }))
      .filter(({ key }) => key !== '');
    if (fields.length > 0) await tell({ ...whose(context), kind: 'flow contact', fields });
    return GO_ON;
  },
};
