/**
 * A wait as the app gives it back (contract flows §6.2). Pure.
 *
 *  PW1  What other bridges wrote, PHP has touched or somebody has edited becomes a wait whose fields are all there, or none:
 *       kinds of nodes do not look twice. Fields that no wait has are left out.
 *  PW2  A list that a wait cannot do without is there, or it is no wait.
 */
import { type Fields, firstText, flagOf, isObject, listOf, mapOf, numberOf, textOf } from '../../content/loose.ts';
import { cartMinutes } from './cart.ts';
import type { AnswerItem, ListItem, ShopItem, Slot, Wait } from './waits.types.ts';

/** `nodeId`: where it waits unless it says so itself; `now`: its beginning unless it says so. */
export function parkedWait(fields: Fields, nodeId: string, now: number): Wait | undefined {
  const type = textOf(fields['nextNodeType']);
  const own = { nodeId: textOf(fields['nodeId']) || nodeId, variable: textOf(fields['variable']) };
  const answerItems = itemsOf(fields, 'answerItems', answerItem);
  const persistent = flag(fields, 'persistent');
  const began = numberOf(fields['startedAt']);
  const startedAt = began > 0 ? began : now;
  const formId = textOf(fields['formId']);
  switch (type) {
    case 'Question':
      return {
        ...{ nextNodeType: type, ...own, ...persistent, ...flag(fields, 'acceptMedia') },
        ...(answerItems && { answerItems }),
      };
    case 'List': {
      const listItems = itemsOf(fields, 'listItems', listItem);
      return listItems && { nextNodeType: type, ...own, ...persistent, listItems };
    }
    case 'Poll': {
      const chosen = (listOf(fields['chosen']) ?? []).map(numberOf).filter(Number.isInteger);
      const allowMultiple = flagOf(fields['allowMultiple'], false);
      const votes = chosen.length > 0 ? { chosen } : {};
      return answerItems && { nextNodeType: type, ...own, answerItems, allowMultiple, ...votes };
    }
    case 'BookAppointment':
      return { nextNodeType: type, ...own, ...bookingOf(fields) };
    case 'CommerceShop': {
      const items = itemsOf(fields, 'items', shopItem);
      return items && { nextNodeType: type, ...own, ...cartOf(fields), items, startedAt };
    }
    case 'TimeDelayReply':
      return { nextNodeType: type, ...own };
    case 'AiChat':
      return { nextNodeType: type, ...own, exitKeyword: textOf(fields['exitKeyword']) };
    case 'WaForm': {
      const [metaFlowId, flowToken] = [textOf(fields['metaFlowId']), textOf(fields['flowToken'])];
      return { nextNodeType: type, ...own, formId, metaFlowId, flowToken, startedAt };
    }
    case 'GoogleForm':
      return { nextNodeType: type, ...own, formId, startedAt };
    default:
      return undefined;
  }
}

/** Undefined: there is no such list. */
function itemsOf<T>(fields: Fields, name: string, read: (item: Fields) => T): T[] | undefined {
  const value = fields[name];
  return value === undefined || value === null ? undefined : listOf(value)?.filter(isObject).map(read);
}

function flag<Name extends string>(fields: Fields, name: Name): { readonly [one in Name]?: boolean } {
  const value = fields[name];
  return value === undefined || value === null ? {} : ({ [name]: flagOf(value, false) } as Record<Name, boolean>);
}

const answerItem = (item: Fields): AnswerItem => ({
  id: textOf(item['id']),
  text: firstText(item, 'text', 'answerText'),
});

const listItem = (item: Fields): ListItem => ({
  ...{ id: textOf(item['id']), title: firstText(item, 'title', 'text') },
  ...{ description: textOf(item['description']), section: textOf(item['section']) },
});

const slot = (item: Fields): Slot => ({
  ...{ start: textOf(item['start']), end: textOf(item['end']), label: firstText(item, 'label', 'start') },
});

const shopItem = (item: Fields): ShopItem => ({
  ...{ retailer_id: textOf(item['retailer_id']), name: textOf(item['name']), image: textOf(item['image']) },
  ...{ price_minor: numberOf(item['price_minor']) || 0, currency: textOf(item['currency']), url: textOf(item['url']) },
});

const STAGES = ['CHOOSE_TYPE', 'CHOOSE_DAY', 'CHOOSE_SLOT', 'ASK_QUESTIONS', 'PAY'] as const;

function bookingOf(fields: Fields) {
  const slots = itemsOf(fields, 'slots', slot);
  const bookingStage = STAGES.find((stage) => stage === fields['bookingStage']);
  const [choices, bookingCtx] = [listOf(fields['choices']), mapOf(fields['bookingCtx'])];
  const texts = ['workspaceId', 'confirmation', 'messageId'] as const;
  const said = texts.flatMap((name) => (textOf(fields[name]) === '' ? [] : [[name, textOf(fields[name])]]));
  return {
    ...(slots && { slots }),
    ...(bookingStage && { bookingStage, choices: choices ?? [], bookingCtx: bookingCtx ?? {} }),
    ...(Object.fromEntries(said) as { readonly [one in (typeof texts)[number]]?: string }),
  };
}

function cartOf(fields: Fields) {
  return {
    ...{ provider: textOf(fields['provider']), storeId: textOf(fields['storeId']) },
    abandonedWaitMinutes: cartMinutes(fields['abandonedWaitMinutes']),
    ...{ ...flag(fields, 'isWaba'), ...flag(fields, 'linkSent') },
  };
}
