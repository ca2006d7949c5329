/** Load of a fixed width: the next piece of work begins when one has ended. */

/** Runs `work(0..total-1)`, `width` at a time; resolves to what each returned. */
export async function inParallel(
  total: number,
  width: number,
  work: (n: number) => Promise<number>,
  onProgress?: (done: number) => void,
): Promise<number[]> {
  const results: number[] = [];
  let next = 0;
  const worker = async () => {
    while (next < total) {
      results.push(await work(next++));
      if (results.length % 200 === 0) onProgress?.(results.length);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}
