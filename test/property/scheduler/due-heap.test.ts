import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DueHeap } from '../../../src/scheduler/due-heap.ts';

const step = fc.oneof(
  fc.record({
    kind: fc.constant('set' as const),
    id: fc.integer({ min: 0, max: 40 }),
    at: fc.integer({ min: 0, max: 99 }),
  }),
  fc.record({ kind: fc.constant('delete' as const), id: fc.integer({ min: 0, max: 40 }) }),
  fc.record({ kind: fc.constant('take' as const), now: fc.integer({ min: -1, max: 60 }) }),
);

it('the heap of due times does what a sorted map would, in any order of calls', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const heap = new DueHeap();
      const model = new Map<string, number>();
      for (const one of steps) {
        if (one.kind === 'set') {
          heap.set(String(one.id), one.at);
          model.set(String(one.id), one.at);
        } else if (one.kind === 'delete') {
          heap.delete(String(one.id));
          model.delete(String(one.id));
        } else {
          const taken = heap.takeDue(one.now);
          const due = [...model].filter(([, at]) => at <= one.now);
          expect(taken.map((id) => model.get(id))).toEqual(due.map(([, at]) => at).sort((a, b) => a - b));
          expect(new Set(taken)).toEqual(new Set(due.map(([id]) => id)));
          for (const id of taken) model.delete(id);
        }
        expect(heap.size).toBe(model.size);
        expect(heap.first()?.at).toBe(model.size === 0 ? undefined : Math.min(...model.values()));
      }
    }),
    { numRuns: 2_000 },
  );
});
