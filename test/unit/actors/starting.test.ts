/** SG1: a stop in the middle of a start (src/actors/starting.ts). */
import { describe, expect, it } from 'vitest';
import { takeUp } from '../../../src/actors/starting.ts';
import { quiet } from '../../property/outbox/app.ts';

describe('SG1', () => {
  it('no step begins once the process has to stop', async () => {
    const done: string[] = [];
    let isStopping = false;
    const steps = async function* () {
      done.push('import');
      yield;
      done.push('adopt');
      isStopping = true;
      yield;
      done.push('jobs');
    };
    await takeUp(steps(), () => isStopping, quiet);
    expect(done).toEqual(['import', 'adopt']);
  });

  it('what a step meets because of the stop is no failure of the start; anything else is', async () => {
    let isStopping = true;
    const failing = async function* () {
      yield await Promise.reject(new Error('the store is closed'));
    };
    await takeUp(failing(), () => isStopping, quiet);
    isStopping = false;
    await expect(takeUp(failing(), () => isStopping, quiet)).rejects.toThrow('the store is closed');
  });
});
