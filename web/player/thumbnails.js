// Small pictures for the scrub bar: a WebVTT file whose cues point into one picture (`strip.jpg#xywh=x,y,w,h`).

/** [{start, end, url, x, y, width, height}], by time; cues that make no sense are left out. */
export function parseThumbnails(text, base) {
  const blocks = text.replace(/^\uFEFF/, '').split(/\r?\n(?:[ \t]*\r?\n)+/);
  if (!/^WEBVTT(?:\s|$)/.test(blocks[0] ?? '')) throw new SyntaxError('This is not a WebVTT file.');
  return blocks.map((block) => cueOf(block, base)).filter(Boolean).sort((a, b) => a.start - b.start);
}

/** The picture for `time`: the last one that begins before it. */
export function cueAt(cues, time) {
  let found = cues[0];
  for (const cue of cues) {
    if (cue.start > time) break;
    found = cue;
  }
  return found;
}

/** "01:02:03.500", "02:03.500" -> seconds, or NaN */
export function parseTimestamp(text) {
  const match = /^(?:(\d{2,}):)?([0-5]\d):([0-5]\d)[.,](\d{3})$/.exec(text.trim());
  if (!match) return NaN;
  const [, hours = '0', minutes, seconds, thousandths] = match;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds) + Number(thousandths) / 1000;
}

function cueOf(block, base) {
  const lines = block.split(/\r?\n/);
  const timing = lines.findIndex((line) => line.includes('-->'));
  if (timing < 0) return null;
  const [from, to] = lines[timing].split('-->');
  const start = parseTimestamp(from);
  const end = parseTimestamp(to.trim().split(/\s+/)[0]);
  const [address, fragment = ''] = (lines[timing + 1] ?? '').trim().split('#');
  const area = /^xywh=(?:pixel:)?(\d+),(\d+),(\d+),(\d+)$/.exec(fragment);
  if (!(end > start) || !area || !address) return null;
  const [x, y, width, height] = area.slice(1).map(Number);
  return width && height ? { start, end, url: new URL(address, base).href, x, y, width, height } : null;
}
