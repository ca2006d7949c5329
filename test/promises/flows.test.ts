import { expect, it } from 'vitest';
import { inShort } from '../chaos/scenario.ts';
import { flowConversation } from '../chaos/scenarios/flow-conversation.ts';

it(`flows: ${flowConversation.shows}`, async () => {
  const { counts, problems } = await inShort(flowConversation);
  expect(problems, JSON.stringify(counts)).toEqual([]);
});
