/** Chatbot: hands the conversation to an agent of the app, with which all of the flow ends, or is a sub-flow (contract flows §2.4). */
import { firstText } from '../../../content/loose.ts';
import type { NodeContext, NodeKind } from '../node.ts';
import { whyNot } from '../told.ts';
import { isOwn, shown } from '../variables.ts';

export const chatbot: NodeKind = {
  types: ['Chatbot'],
  run: async (context) => {
    const { node, session, app, once, warn } = context;
    const agent = ['agentId', 'botId']
      .map((name) => firstText(node.fields, name))
      .find((id) => id !== '' && id !== '0');
    if (agent !== undefined) {
      const request = { workspace: session.workspace, agent, customer: session.customer, context: known(context) };
      const answer = await once(() => app.agentReply(request));
      if (answer.kind !== 'ok') warn(`the agent of a flow did not take over: ${whyNot(answer)}`);
      return { kind: 'end', whole: true };
    }
    const flowId = firstText(node.fields, 'flowId');
    if (flowId !== '') return { kind: 'sub flow', flowId };
    warn('a chatbot node names neither agent nor flow, passed');
    return { kind: 'next', port: 1 };
  },
  check: ({ fields, label }) =>
    firstText(fields, 'agentId', 'botId', 'flowId') === ''
      ? [{ level: 'error', code: 'field missing', message: `${label} names no agent` }]
      : [],
};

/** What the flow knows, for the agent; what the customer said last stands first, because the end may be cut. */
function known({ vars, flow }: NodeContext): string {
  const rest = vars.pairs().filter(([name]) => name !== 'user_message' && !isOwn(name));
  const lines = [['flow', flow.name], ['user_message', vars.text('user_message')], ...rest] as const;
  return lines
    .map(([name, value]) => [name, shown(value)])
    .filter(([, text]) => text !== '')
    .map(([name, text]) => `${name}: ${text}`)
    .join('\n');
}
