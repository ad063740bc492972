// Numbers and times as people read them. Pure: no clock and no locale is read except where passed in.

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'];

/** 83 -> "1:23", 3723 -> "1:02:03" */
export function clock(seconds) {
  if (!Number.isFinite(seconds) || seconds < 0) return '0:00';
  const whole = Math.floor(seconds);
  const pad = (n) => String(n).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}

/** 83.4 -> "1:23.40"; the moment of a comment, in hundredths of a second. */
export function timecode(seconds) {
  const hundredths = Number.isFinite(seconds) && seconds > 0 ? Math.floor(seconds * 100 + 1e-6) : 0;
  return `${clock(Math.floor(hundredths / 100))}.${String(hundredths % 100).padStart(2, '0')}`;
}

/** "1:23.40", "1:02:03", "83" -> seconds, or NaN */
export function parseTimecode(text) {
  const match = /^(?:(?:(\d+):)?(\d{1,2}):)?(\d+(?:\.\d+)?)$/.exec(text.trim());
  if (!match) return NaN;
  const [, hours = 0, minutes = 0, seconds] = match;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

/** 83 -> "1 minute 23 seconds"; for screen readers, which read "1:23" as a ratio. */
export function spokenTime(seconds) {
  const whole = Number.isFinite(seconds) && seconds > 0 ? Math.floor(seconds) : 0;
  const named = (n, unit) => (n ? [`${n} ${unit}${n === 1 ? '' : 's'}`] : []);
  const words = [
    ...named(Math.floor(whole / 3600), 'hour'),
    ...named(Math.floor(whole / 60) % 60, 'minute'),
    ...named(whole % 60, 'second'),
  ];
  return words.join(' ') || '0 seconds';
}

export function bytes(count) {
  if (!Number.isFinite(count) || count < 0) return '';
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  if (unit === 0) return `${count} ${count === 1 ? 'byte' : 'bytes'}`;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

export function speed(bytesPerSecond) {
  return `${bytes(Math.round(bytesPerSecond))}/s`;
}

/** How long something will still take; deliberately coarse, since it is an estimate. */
export function remaining(seconds) {
  if (!Number.isFinite(seconds) || seconds < 0) return '';
  if (seconds < 5) return 'a few seconds left';
  if (seconds < 55) return `${Math.ceil(seconds / 5) * 5} s left`;
  if (seconds < 3570) return `${Math.ceil(seconds / 60)} min left`;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.round((seconds - hours * 3600) / 60);
  return minutes && minutes < 60 ? `${hours} h ${minutes} min left` : `${minutes === 60 ? hours + 1 : hours} h left`;
}

/** Rounds down, so that 100 % means done. */
export function percent(fraction) {
  const bounded = Math.min(1, Math.max(0, Number.isFinite(fraction) ? fraction : 0));
  return `${Math.floor(bounded * 100 + 1e-9)} %`;
}

export function ago(iso, now = Date.now()) {
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  if (Number.isNaN(seconds)) return '';
  if (seconds < 60) return 'just now';
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  const days = Math.floor(seconds / 86400);
  if (days < 7) return days === 1 ? 'yesterday' : `${days} days ago`;
  return new Date(iso).toLocaleDateString(undefined, { year: 'numeric', month: 'short', day: 'numeric' });
}

/** The time of day, where the person is. */
export function timeOfDay(iso) {
  return new Date(iso).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
}

/** "Today", "Yesterday" or a date, where the person is. */
export function dayOf(iso, now = Date.now()) {
  const day = new Date(iso);
  const start = (time) => new Date(time).setHours(0, 0, 0, 0);
  const days = Math.round((start(now) - start(day)) / 86_400_000);
  if (days <= 0) return 'Today';
  if (days === 1) return 'Yesterday';
  return day.toLocaleDateString(undefined, { weekday: 'long', day: 'numeric', month: 'long', ...(days > 300 && { year: 'numeric' }) });
}

export function fullTime(iso) {
  return new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

/** 0 -> "", 7 -> "7", 100 -> "99+" */
export const badgeCount = (count) => (count > 99 ? '99+' : count > 0 ? String(count) : '');

/** "Q3_review-final.mov" -> "Q3 review-final" */
export function titleOf(filename) {
  const bare = filename.replace(/\.[A-Za-z0-9]{1,5}$/, '').replaceAll('_', ' ').trim();
  return (bare || filename).slice(0, 200);
}

export function initials(name) {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return letters.map((word) => [...word][0].toUpperCase()).join('') || '?';
}
