import assert from 'node:assert/strict';
import test from 'node:test';
import { attributes, parseMaster, parseMedia, segmentAt } from '../../web/player/playlist.js';
import { tracksOf } from '../../web/player/tracks.js';

const MASTER = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="main, stereo",DEFAULT=YES,URI="audio/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=2855600,AVERAGE-BANDWIDTH=2500000,RESOLUTION=1280x720,FRAME-RATE=29.970,CODECS="avc1.64001f,mp4a.40.2",AUDIO="sound"
720p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=765600,RESOLUTION=640x360,CODECS="avc1.42c01e,mp4a.40.2",AUDIO="sound"
360p/index.m3u8?signature=a,b
`;

const LIVE = `#EXTM3U
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:3
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-MAP:URI="init.mp4"
#EXTINF:4.000000,
3.m4s
#EXTINF:3.5,a title
4.m4s
`;

test('a master playlist gives its qualities from low to high, and its sound', () => {
  const { levels, audio } = parseMaster(MASTER);
  assert.deepEqual(levels.map(({ name, bandwidth, uri }) => [name, bandwidth, uri]), [
    ['360p', 765600, '360p/index.m3u8?signature=a,b'],
    ['720p', 2500000, '720p/index.m3u8'],
  ]);
  assert.deepEqual(levels[1].codecs, ['avc1.64001f', 'mp4a.40.2']);
  assert.equal(levels[1].frameRate, 29.97);
  assert.deepEqual(audio, [{ uri: 'audio/index.m3u8', group: 'sound', name: 'main, stereo', isDefault: true }]);
});

test('upright video is named by its shorter side', () => {
  const text = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=720x1280\nv/index.m3u8\n';
  assert.equal(parseMaster(text).levels[0].name, '720p');
});

test('a silent video has no sound group', () => {
  const text = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.64001f"\n720p/index.m3u8\n';
  const { levels, audio } = parseMaster(text);
  assert.equal(levels[0].audioGroup, null);
  assert.deepEqual(audio, []);
});

test('a growing media playlist', () => {
  const playlist = parseMedia(LIVE);
  assert.equal(playlist.ended, false);
  assert.equal(playlist.type, 'EVENT');
  assert.equal(playlist.duration, 7.5);
  assert.deepEqual(playlist.segments, [
    { sequence: 3, uri: '3.m4s', start: 0, duration: 4, map: 'init.mp4' },
    { sequence: 4, uri: '4.m4s', start: 4, duration: 3.5, map: 'init.mp4' },
  ]);
});

test('a finished media playlist, with Windows line ends and a byte order mark', () => {
  const text = `\uFEFF${LIVE.replace('EVENT', 'VOD')}#EXT-X-ENDLIST\n`.replaceAll('\n', '\r\n');
  assert.equal(parseMedia(text).ended, true);
  assert.equal(parseMedia(text).segments.length, 2);
});

test('an empty growing playlist is valid', () => {
  assert.deepEqual(parseMedia('#EXTM3U\n#EXT-X-TARGETDURATION:4\n').segments, []);
});

test('what is not a playlist is refused', () => {
  for (const text of ['', '<html>', 'WEBVTT', '#EXTINF:4,\n1.m4s', '#EXTM3U\nsegment-without-length.m4s',
    '#EXTM3U\n#EXTINF:soon,\n1.m4s', '#EXTM3U\n#EXTINF:-4,\n1.m4s']) {
    assert.throws(() => parseMedia(text), SyntaxError, JSON.stringify(text));
  }
  for (const text of ['', '#EXTM3U\n', LIVE.replace('#EXTM3U', '')]) {
    assert.throws(() => parseMaster(text), SyntaxError, JSON.stringify(text));
  }
});

test('attribute lists', () => {
  assert.deepEqual(attributes('#EXT-X-MEDIA:TYPE=AUDIO,NAME="a,b=c",URI="x?y=1",CHANNELS="2"'),
    { TYPE: 'AUDIO', NAME: 'a,b=c', URI: 'x?y=1', CHANNELS: '2' });
});

test('the segment that holds a time', () => {
  const { segments } = parseMedia(LIVE);
  const table = [[0, 3], [3.9, 3], [3.995, 4], [4, 4], [7.4, 4], [7.5, undefined], [100, undefined]];
  for (const [time, sequence] of table) assert.equal(segmentAt(segments, time)?.sequence, sequence, `at ${time}`);
  assert.equal(segmentAt([], 0), undefined);
});

test('picture and sound get buffers of their own', () => {
  const { levels, audio } = tracksOf(parseMaster(MASTER), 'http://host/v1/playback/signed/42/master.m3u8');
  assert.deepEqual(levels.map(({ url, mime }) => [url, mime]), [
    ['http://host/v1/playback/signed/42/360p/index.m3u8?signature=a,b', 'video/mp4; codecs="avc1.42c01e"'],
    ['http://host/v1/playback/signed/42/720p/index.m3u8', 'video/mp4; codecs="avc1.64001f"'],
  ]);
  assert.deepEqual(audio.map(({ url, mime }) => [url, mime]),
    [['http://host/v1/playback/signed/42/audio/index.m3u8', 'audio/mp4; codecs="mp4a.40.2"']]);
});

test('sound inside the picture stays there', () => {
  const text = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.64001f,mp4a.40.2"\n720p/index.m3u8\n';
  const { levels, audio } = tracksOf(parseMaster(text), 'http://host/master.m3u8');
  assert.equal(levels[0].mime, 'video/mp4; codecs="avc1.64001f,mp4a.40.2"');
  assert.deepEqual(audio, []);
});
