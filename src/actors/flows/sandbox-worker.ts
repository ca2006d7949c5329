/**
 * The thread in which authors' code runs: QuickJS in WebAssembly, so that there is no host to be reached (contract flows
 * §3.5, F-36). Started by sandbox.ts; knows nothing but the text that it is given.
 *
 *  SW1  Every run has a runtime of its own: whatever a script does to globals and prototypes ends with it.
 *  SW2  Time is limited by the engine itself, and any one piece of memory; all of it together by the memory the engine is
 *       given. Only text goes in and comes out.
 *  SW3  What an engine fault leaves behind is not used again: it ends the thread.
 */
import { parentPort } from 'node:worker_threads';
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  shouldInterruptAfterDeadline,
} from 'quickjs-emscripten-core';
import { systemClock } from '../../clock.ts';
import type { Ran, Script } from './sandbox.types.ts';

const MEMORY_BYTES = 16 * 1_048_576;
/** Of 64 KiB. Three times as much: an array that grows is held twice, and lies between the gaps that it left. */
const PAGES = (3 * MEMORY_BYTES) / 65_536;
const STACK_BYTES = 256 * 1_024;
const LARGEST_RESULT = 1_048_576;

/**
 * Holds the originals of what a script may replace. Its answer is a plain text made by operators on texts, so nothing of
 * the script has a say in its first letter.
 */
const HARNESS = `((Body, parse, stringify, Text) => (code, inputs) => {
  try {
    const { previousResponse, allResponses, functionArgs } = parse(inputs);
    const run = new Body('previousResponse', 'allResponses', 'functionArgs', code);
    const text = stringify(run(previousResponse, allResponses, functionArgs));
    if (text === undefined) return '=null';
    return text.length > ${LARGEST_RESULT} ? '!the result is too large' : '=' + text;
  } catch (error) {
    try {
      return '!' + (error instanceof Object && 'message' in error ? error.name + ': ' + error.message : Text(error));
    } catch {
      return '!failed';
    }
  }
})(Function, JSON.parse, JSON.stringify, String)`;

declare global {
  /** Node has it, its types do not tell. */
  namespace WebAssembly {
    class Memory {
      constructor(pages: { initial: number; maximum: number });
    }
  }
}

const port = parentPort;
if (!port) throw new Error('this file is a thread of its own');
// The engine's own limit knows only the size of each single allocation: what all of them take is the memory's to bound.
const wasmMemory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
const { default: loaded } = await import('@jitl/quickjs-wasmfile-release-sync');
// Its types are those of its CommonJS form, which has the engine one `default` further in.
const engine = 'default' in loaded ? loaded.default : loaded;
const quickjs = await newQuickJSWASMModuleFromVariant(newVariant(engine, { wasmMemory }));

function run({ code, inputs, ms }: Script): Ran {
  const runtime = quickjs.newRuntime();
  runtime.setMemoryLimit(MEMORY_BYTES);
  runtime.setMaxStackSize(STACK_BYTES);
  const deadline = systemClock.now() + ms;
  runtime.setInterruptHandler(shouldInterruptAfterDeadline(deadline));
  const context = runtime.newContext();
  try {
    const said = call(context, code, inputs);
    if (said?.startsWith('=')) return { kind: 'result', json: said.slice(1) };
    const isLate = systemClock.now() >= deadline;
    return { kind: 'failed', why: said?.slice(1) ?? (isLate ? 'it ran too long' : 'it needs too much memory') };
  } finally {
    context.dispose();
    runtime.dispose();
  }
}

/** Undefined: the engine itself ended it. */
function call(context: QuickJSContext, code: string, inputs: string): string | undefined {
  const harness = context.unwrapResult(context.evalCode(HARNESS, 'bridge.js'));
  const given = [context.newString(code), context.newString(inputs)];
  const answer = context.callFunction(harness, context.undefined, ...given);
  for (const handle of [harness, ...given]) handle.dispose();
  if (answer.error) {
    answer.error.dispose();
    return undefined;
  }
  return answer.value.consume((value) => context.getString(value));
}

port.on('message', (script: Script) => port.postMessage(run(script)));
port.postMessage({ kind: 'ready' });
