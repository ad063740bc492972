// HLS playlists (RFC 8216) as plain objects. Pure: text in, objects out; addresses stay as written.

/** {levels: [{uri, name, bandwidth, width, height, frameRate, codecs, audioGroup}] from low to high, audio: [...]} */
export function parseMaster(text) {
  const lines = linesOf(text);
  const levels = [];
  const audio = [];
  let pending = null;
  for (const line of lines) {
    if (line.startsWith('#EXT-X-STREAM-INF:')) {
      pending = attributes(line);
    } else if (line.startsWith('#EXT-X-MEDIA:')) {
      const media = attributes(line);
      if (media.TYPE === 'AUDIO' && media.URI) audio.push(renditionOf(media));
    } else if (!line.startsWith('#') && pending) {
      levels.push(levelOf(pending, line));
      pending = null;
    }
  }
  if (!levels.length) throw new SyntaxError('The playlist names no quality.');
  levels.sort((a, b) => a.bandwidth - b.bandwidth);
  return { levels, audio };
}

/** {targetDuration, type, ended, duration, segments: [{sequence, uri, start, duration, map}]} */
export function parseMedia(text) {
  const playlist = { targetDuration: 0, mediaSequence: 0, type: null, ended: false, duration: 0, segments: [] };
  let duration = null;
  let map = null;
  for (const line of linesOf(text)) {
    if (line.startsWith('#EXTINF:')) duration = number(line.slice(8).split(',')[0]);
    else if (line.startsWith('#EXT-X-TARGETDURATION:')) playlist.targetDuration = number(valueOf(line));
    else if (line.startsWith('#EXT-X-MEDIA-SEQUENCE:')) playlist.mediaSequence = number(valueOf(line));
    else if (line.startsWith('#EXT-X-PLAYLIST-TYPE:')) playlist.type = valueOf(line);
    else if (line.startsWith('#EXT-X-MAP:')) map = attributes(line).URI ?? null;
    else if (line === '#EXT-X-ENDLIST') playlist.ended = true;
    else if (!line.startsWith('#')) {
      // An address without a length is not playable; a hostile length would break the timeline.
      if (duration === null) throw new SyntaxError('A segment of the playlist has no duration.');
      const { segments, mediaSequence } = playlist;
      segments.push({ sequence: mediaSequence + segments.length, uri: line, start: playlist.duration, duration, map });
      playlist.duration += duration;
      duration = null;
    }
  }
  return playlist;
}

/** The segment that holds `time`, or undefined past the end. */
export function segmentAt(segments, time) {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const segment = segments[middle];
    // Lengths are rounded in playlists: a time this close to the end belongs to the next segment.
    if (segment.start + segment.duration - 0.01 <= time) low = middle + 1;
    else high = middle;
  }
  return segments[low];
}

/** NAME=value pairs; values may be quoted and hold commas. */
export function attributes(line) {
  const found = {};
  const list = line.slice(line.indexOf(':') + 1);
  for (const [, name, quoted, plain] of list.matchAll(/([A-Z0-9-]+)=(?:"([^"]*)"|([^,]*))/g)) {
    found[name] = quoted ?? plain.trim();
  }
  return found;
}

function linesOf(text) {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/).map((line) => line.trim()).filter(Boolean);
  if (lines[0] !== '#EXTM3U') throw new SyntaxError('This is not an HLS playlist.');
  return lines;
}

function levelOf(stream, uri) {
  const [width, height] = (stream.RESOLUTION ?? '').split('x').map((side) => Number.parseInt(side, 10) || 0);
  return {
    uri,
    name: nameOf(uri, width, height),
    bandwidth: number(stream['AVERAGE-BANDWIDTH'] ?? stream.BANDWIDTH ?? '0'),
    width: width ?? 0,
    height: height ?? 0,
    frameRate: number(stream['FRAME-RATE'] ?? '0'),
    codecs: stream.CODECS ? stream.CODECS.split(',').map((codec) => codec.trim()) : [],
    audioGroup: stream.AUDIO ?? null,
  };
}

/** Qualities are named by their shorter side, which is the height except for upright video. */
function nameOf(uri, width, height) {
  if (width && height) return `${Math.min(width, height)}p`;
  return uri.split('/')[0] || 'video';
}

function renditionOf(media) {
  return { uri: media.URI, group: media['GROUP-ID'] ?? '', name: media.NAME ?? '', isDefault: media.DEFAULT === 'YES' };
}

function valueOf(line) {
  return line.slice(line.indexOf(':') + 1).trim();
}

function number(text) {
  const value = Number.parseFloat(text);
  if (!Number.isFinite(value) || value < 0) throw new SyntaxError(`The playlist has “${text}” where a number belongs.`);
  return value;
}
