/**
 * What runs inside the inspector's page during its test. As text, because it lives in the browser: the tests are compiled
 * without the types of the DOM.
 *
 * Deliberately not here: what ought to light up.
 */

/**
 * Calls `tellLight(number, state)` whenever a state box lights up, which is when it gets the class `active`. An observer
 * misses none that the page showed, however short. To be run before the page's own script.
 */
export const TELL_LIGHTS = `new MutationObserver((records) => {
  for (const { target, oldValue } of records) {
    const state = /^state-(.+)$/.exec(target.dataset.testid ?? '')?.[1];
    const wasLit = (oldValue ?? '').split(' ').includes('active');
    if (!state || wasLit || !target.classList.contains('active')) continue;
    tellLight(document.querySelector('#actors [aria-current=true] .number').textContent, state);
  }
}).observe(document, { subtree: true, attributes: true, attributeFilter: ['class'], attributeOldValue: true });`;

/** Words and boxes of the chart that lie over one another or stick out of their place, as a list of their texts. */
export const FIND_CLUTTER = `(() => {
  const place = (node) => ({ text: node.textContent, ...node.getBoundingClientRect().toJSON() });
  const chart = place(document.querySelector('#chart'));
  const things = [...document.querySelectorAll('#chart .state-box, #chart text')].map(place);
  const sticksOut = (thing, area) =>
    thing.left < area.left || thing.right > area.right || thing.top < area.top || thing.bottom > area.bottom;
  const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  return [
    ...things.filter((thing) => sticksOut(thing, chart)).map(({ text }) => text),
    ...things.flatMap((a, i) => things.slice(i + 1).filter((b) => overlap(a, b)).map((b) => a.text + ' / ' + b.text)),
    ...[...document.querySelectorAll('.state-box > *')]
      .filter((part) => sticksOut(place(part), place(part.parentElement))).map((part) => part.textContent),
    ...[...document.querySelectorAll('.state-box')]
      .filter((box) => box.scrollHeight > box.clientHeight || box.scrollWidth > box.clientWidth).map((box) => box.textContent),
  ];
})()`;
