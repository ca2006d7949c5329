import { describe, expect, it } from 'vitest';
import { DueHeap } from '../../../src/scheduler/due-heap.ts';

describe('the heap of due times', () => {
  it('gives what is due, the earliest first, and leaves the rest', () => {
    const heap = new DueHeap();
    for (const [id, at] of Object.entries({ e: 50, a: 10, c: 30, d: 40, b: 20 })) heap.set(id, at);
    expect(heap.first()).toEqual({ id: 'a', at: 10 });
    expect(heap.takeDue(9)).toEqual([]);
    expect(heap.takeDue(30, 2)).toEqual(['a', 'b']);
    expect(heap.takeDue(30)).toEqual(['c']);
    expect(heap.size).toBe(2);
    expect(heap.takeDue(1000)).toEqual(['d', 'e']);
    expect(heap.first()).toBeUndefined();
  });

  it('moves an id in both directions, and takes it out', () => {
    const heap = new DueHeap();
    for (const [id, at] of Object.entries({ a: 10, b: 20, c: 30 })) heap.set(id, at);
    heap.set('c', 5);
    expect(heap.first()).toEqual({ id: 'c', at: 5 });
    heap.set('c', 25);
    expect(heap.first()).toEqual({ id: 'a', at: 10 });
    heap.delete('a');
    heap.delete('a');
    heap.delete('nobody');
    expect(heap.size).toBe(2);
    expect(heap.takeDue(100)).toEqual(['b', 'c']);
    heap.delete('a');
    expect(heap.size).toBe(0);
  });
});
