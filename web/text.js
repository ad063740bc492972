// What people wrote, taken apart: mentions, addresses, times, words. Pure; it becomes text nodes and never markup.

const TOKEN = /<@([0-9a-fA-F-]{36})>|(https?:\/\/[^\s<>"]+)|(?<![\w:.])((?:\d{1,2}:)?\d{1,2}:[0-5]\d(?:\.\d{1,2})?)(?![\w:])/g;
/** What ends a sentence does not end an address. */
const TAIL = /[.,;:!?)\]}'"]+$/;

/** [{kind: 'text' | 'mention' | 'link' | 'time', text, userId?}]; times of a video only where asked for. */
export function partsOf(body, withTimes = false) {
  const parts = [];
  const push = (kind, text, more) => { if (text) parts.push({ kind, text, ...more }); };
  let from = 0;
  for (const match of body.matchAll(TOKEN)) {
    const [whole, userId, address, time] = match;
    if (time && !withTimes) continue;
    const link = address?.replace(TAIL, '');
    push('text', body.slice(from, match.index));
    if (userId) push('mention', whole, { userId });
    else if (time) push('time', time);
    else push('link', link);
    from = match.index + (link ?? whole).length;
  }
  push('text', body.slice(from));
  return parts;
}

/** The body in one line, with names for mentions. */
export function plain(body, nameOf) {
  return partsOf(body).map((part) => (part.kind === 'mention' ? `@${nameOf(part.userId)}` : part.text)).join('').replace(/\s+/g, ' ').trim();
}

/** What is typed after the last @ before the caret, or null: {query, start} */
export function mentionAt(text, caret) {
  const match = /(?:^|[\s(])@([\p{L}\p{N}._-]*(?: [\p{L}\p{N}._-]*)?)$/u.exec(text.slice(0, caret));
  return match ? { query: match[1], start: caret - match[1].length - 1 } : null;
}

/** Names that were picked become ids; longer names first, since one may begin another. picked: [{id, name}] */
export function encodeMentions(text, picked) {
  const names = [...picked].sort((a, b) => b.name.length - a.name.length);
  let out = '';
  for (let at = 0; at < text.length;) {
    const found = text[at] === '@' && names.find(({ name }) => text.startsWith(name, at + 1));
    out += found ? `<@${found.id}>` : text[at];
    at += found ? found.name.length + 1 : 1;
  }
  return out;
}

/** The other way, for editing: {text, picked} */
export function decodeMentions(body, nameOf) {
  const picked = new Map();
  const text = partsOf(body).map((part) => {
    if (part.kind !== 'mention') return part.text;
    picked.set(part.userId, { id: part.userId, name: nameOf(part.userId) });
    return `@${nameOf(part.userId)}`;
  }).join('');
  return { text, picked: [...picked.values()] };
}

/** Ranges of UTF-16 units -> [{text, isMarked}] */
export function marksOf({ text, highlights = [] }) {
  const parts = [];
  let from = 0;
  for (const { start, end } of highlights) {
    if (start < from || end <= start || end > text.length) continue;
    if (start > from) parts.push({ text: text.slice(from, start), isMarked: false });
    parts.push({ text: text.slice(start, end), isMarked: true });
    from = end;
  }
  if (from < text.length) parts.push({ text: text.slice(from), isMarked: false });
  return parts;
}
