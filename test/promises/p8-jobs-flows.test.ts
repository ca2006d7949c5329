import { describe } from 'vitest';
import { flowConversation } from '../chaos/scenarios/flow-conversation.ts';
import { jobs } from '../chaos/scenarios/jobs.ts';
import { inTurn } from '../helpers/in-turn.ts';

describe('P6, P8: broadcasts, campaigns and flows on two engines', () => {
  inTurn([flowConversation, jobs], 2);
});
