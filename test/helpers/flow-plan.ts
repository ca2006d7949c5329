/** Flow definitions for tests, in the shape that the app sends (contract flows §2.2), written as briefly as they can be. */

type Fields = Readonly<Record<string, unknown>>;

/** `to`: port → where it leads; several nodes fan out (port 1 alone). */
export type PlannedNode = {
  readonly type: string;
  readonly fields?: Fields;
  readonly to?: Readonly<Record<number, string | readonly string[]>>;
  /** Words that jump here. */
  readonly jump?: string;
};

/** The first node begins. Ids must look like the builder's (`n_` and six letters or digits) where taps name them. */
export function planned(nodes: Readonly<Record<string, PlannedNode>>, workspace: number | null = 7) {
  const flowNodes = Object.entries(nodes).map(([id, { type, fields, jump }]) => ({
    ...{ id, type: type.toLowerCase(), flowNodeType: type, x: 0, y: 0, data: { label: id } },
    kwJump: { enabled: jump !== undefined, keywords: jump ?? '', match: 'exact' },
    ...fields,
  }));
  const flowEdges = Object.entries(nodes).flatMap(([id, { to = {} }]) =>
    Object.entries(to).flatMap(([port, targets]) =>
      [targets].flat().map((target) => ({
        ...{ id: `e_${id}_${port}_${target}`, sourceNodeId: `${id}_${port}`, targetNodeId: `${target}_1` },
        ...{ sourceHandle: Number(port) === 0 ? 'else' : `p${Number(port) - 1}`, source: id, target },
      })),
    ),
  );
  return { flow_data: { flowNodes, flowEdges, vars: [], workspace_id: workspace } };
}

export const text = (...said: string[]): PlannedNode => ({
  type: 'Message',
  fields: { flowReplies: said.map((data) => ({ flowReplyType: 'Text', data })) },
});

export const end: PlannedNode = { type: 'End' };

export const buttons = (bodyText: string, variable: string, ...titles: string[]): PlannedNode => ({
  type: 'InteractiveButtons',
  fields: {
    ...{ headerText: '', bodyText, variable },
    buttons: titles.map((title, index) => ({ id: `p${index}`, title })),
  },
});

export const list = (bodyText: string, variable: string, ...titles: string[]): PlannedNode => ({
  type: 'List',
  fields: {
    ...{ headerText: '', bodyText, variable, buttonText: 'Choose' },
    listItems: titles.map((title, index) => ({ id: `p${index}`, title, description: '', section: 'All' })),
  },
});

export const ask = (question: string, variable: string, ...expectedAnswers: string[]): PlannedNode => ({
  type: 'Question',
  fields: { question, variable, expectedAnswers },
});

/** A node and where it leads. */
export const leads = (node: PlannedNode, to: PlannedNode['to']): PlannedNode => ({ ...node, ...(to && { to }) });
