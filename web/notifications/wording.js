// What notifications and activities say, and where they lead. Pure: names are given.
import { clock } from '../format.js';

/** What an approval says; its excerpt is the state. */
const DECISIONS = new Map([['approved', 'approved'], ['changes_requested', 'requested changes to'], ['none', 'withdrew a decision on']]);

const decision = (item, video) => `${DECISIONS.get(item.excerpt) ?? 'decided on'} ${video}`;
const excerptOf = (isApproval, { excerpt }) => (isApproval && DECISIONS.has(excerpt) ? '' : excerpt ?? '');

/** {icon, who, text, excerpt, href} */
export function describeNotification(item, nameOf) {
  const who = item.actor ? nameOf(item.actor) : 'Somebody';
  const video = item.title ? `“${item.title}”` : 'a video';
  const room = item.title ? `“${item.title}”` : 'a room';
  const place = item.commentId || item.videoId && !item.messageId ? video : room;
  const at = Number.isFinite(item.atSeconds) ? ` at ${clock(item.atSeconds)}` : '';
  const says = {
    mention: ['at', who, `mentioned you in ${place}${at}`],
    reply: ['reply', who, `replied to you in ${place}${at}`],
    comment: ['comment', who, `commented on ${video}${at}`],
    approval: [item.excerpt === 'changes_requested' ? 'alert' : 'check', who, decision(item, video)],
    video_ready: ['film', '', `${video} is ready to watch`],
    video_failed: ['alert', '', `${video} could not be processed`],
    direct_message: ['chat', who, 'sent you a message'],
    room_added: ['chat', who, `added you to ${room}`],
  };
  const [icon, subject, text] = says[item.kind] ?? ['bell', who, 'did something'];
  return { icon, who: subject, text, excerpt: excerptOf(item.kind === 'approval', item), href: addressOf(item) };
}

/** {icon, who, text, excerpt, href} */
export function describeActivity(item, nameOf) {
  const who = item.actor ? nameOf(item.actor) : 'Somebody';
  const video = item.title ? `“${item.title}”` : 'a video';
  const many = (one, more) => (item.count > 1 ? more : one);
  const says = {
    'video.uploaded': ['upload', who, `uploaded ${video}`],
    'video.ready': ['film', '', `${video} is ready to watch`],
    'video.failed': ['alert', '', `${video} could not be processed`],
    'comment.added': ['comment', who, many(`commented on ${video}`, `added ${item.count} comments to ${video}`)],
    'approval.given': [item.excerpt === 'changes_requested' ? 'alert' : 'check', who, decision(item, video)],
    'version.added': ['layers', who, `added a version of ${video}`],
    'user.joined': ['user', who, 'joined the team'],
    'messages.sent': ['chat', item.count > 1 ? '' : who, many(`wrote in “${item.title ?? 'a room'}”`, `${item.count} messages in “${item.title ?? 'a room'}”`)],
  };
  const [icon, subject, text] = says[item.type] ?? ['activity', who, 'did something'];
  return { icon, who: subject, text, excerpt: excerptOf(item.type === 'approval.given', item), href: addressOf(item) };
}

export function addressOf({ videoId, roomId, messageId, commentId }) {
  const query = (name, value) => (value ? `?${name}=${value}` : '');
  if (videoId && (commentId || !roomId)) return `#/videos/${videoId}${query('comment', commentId)}`;
  if (videoId && messageId) return `#/videos/${videoId}${query('message', messageId)}`;
  if (roomId) return `#/rooms/${roomId}${query('message', messageId)}`;
  return null;
}
