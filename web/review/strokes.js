// A drawing over a picture: strokes whose points are shares of its width and height. Pure.

/** The server takes 5,000 points in 64 KiB; of points as long as these, that many bytes hold fewer. */
export const LIMITS = { strokes: 100, points: 3400, bytes: 64 * 1024 };
export const COLOURS = ['#ff5a4f', '#ffc93c', '#4ade80', '#60a5fa', '#ffffff'];
const WIDTH = 0.005;
/** Points nearer than this to the last one cannot be told apart. */
const LEAST_STEP = 0.002;

export class Drawing {
  strokes = [];

  get isEmpty() { return this.strokes.length === 0; }
  get pointCount() { return this.strokes.reduce((sum, { points }) => sum + points.length, 0); }
  /** Whether another stroke may begin. */
  get hasRoom() { return this.strokes.length < LIMITS.strokes && this.pointCount < LIMITS.points - 1; }

  begin(color, point, width = WIDTH) {
    if (!this.hasRoom) return false;
    this.strokes.push({ color, width, points: [rounded(point)] });
    return true;
  }

  extend(point) {
    const points = this.strokes.at(-1)?.points;
    if (!points || this.pointCount >= LIMITS.points) return;
    const next = rounded(point);
    const [x, y] = points.at(-1);
    if (Math.hypot(next[0] - x, next[1] - y) >= LEAST_STEP) points.push(next);
  }

  undo() { this.strokes.pop(); }
  clear() { this.strokes = []; }

  /** null when nothing was drawn. */
  toJSON() {
    return this.isEmpty ? null : { strokes: this.strokes };
  }
}

/** A path in a box of `width` by `height` units; a lone point becomes a dot. */
export function pathOf({ points }, width, height) {
  const at = ([x, y]) => `${+(x * width).toFixed(2)} ${+(y * height).toFixed(2)}`;
  if (points.length === 1) return `M${at(points[0])}h0.01`;
  return `M${points.map(at).join('L')}`;
}

/** Where a picture lies in a frame that shows all of it: {left, top, width, height} */
export function pictureBox(frame, picture) {
  if (!(picture.width > 0 && picture.height > 0 && frame.width > 0 && frame.height > 0)) return { left: 0, top: 0, ...frame };
  const scale = Math.min(frame.width / picture.width, frame.height / picture.height);
  const width = picture.width * scale;
  const height = picture.height * scale;
  return { left: (frame.width - width) / 2, top: (frame.height - height) / 2, width, height };
}

/** Only what looks like a drawing is drawn: it comes from others. */
export function readDrawing(drawing) {
  const isPoint = (point) => Array.isArray(point) && point.length === 2 && point.every((value) => value >= 0 && value <= 1);
  return (drawing?.strokes ?? []).slice(0, LIMITS.strokes)
    .map(({ color, width, points }) => ({
      color: /^#[0-9a-fA-F]{6}$/.test(color) ? color : COLOURS[0],
      width: width > 0 && width <= 0.1 ? width : WIDTH,
      points: (Array.isArray(points) ? points : []).filter(isPoint),
    }))
    .filter(({ points }) => points.length);
}

const rounded = ([x, y]) => [clamp(x), clamp(y)];
const clamp = (value) => Math.round(Math.min(1, Math.max(0, value)) * 10_000) / 10_000;
