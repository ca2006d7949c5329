/** The store of tests that need no disk keeps the port's word as the real one does, or they would prove nothing. */
import { Memory, memoryStore } from '../../helpers/memory-store.ts';
import { storeConformance } from './suite.ts';

const memories = new Map<string, Memory>();

storeConformance('memory', (path) => {
  const memory = memories.get(path) ?? new Memory();
  memories.set(path, memory);
  return memoryStore(memory);
});
