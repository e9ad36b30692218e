// The events, rows (units, or bins of a LAPPED model) by frames, and pictures of them and of spectrograms, one pixel an entry.

const EVENT = [255, 176, 74];
// From quiet to loud: night, sea, light.
const RAMP = [[9, 13, 20], [13, 52, 66], [30, 122, 128], [126, 205, 190], [240, 255, 248]];

const FEW = 256; // rows; of more, only those up to the highest that fires are shown

class Matrix {
  constructor(units, frames) {
    this.shown = units > FEW ? FEW : units;
    this.units = units;
    this.frames = frames;
    this.known = 0;
    this.painted = 0; // how often
    this.bits = new Uint8Array(units * frames);
    this.picture = sheet(Math.max(1, frames), units);
  }

  /** Add frames as the server packs them: 8 units a byte, the first in the highest bit. */
  add(bytes, muted) {
    const width = Math.ceil(this.units / 8);
    const first = this.known;
    this.known = Math.min(this.frames, first + Math.floor(bytes.length / width));
    for (let frame = first; frame < this.known; frame++) {
      for (let unit = 0; unit < this.units; unit++) {
        const byte = bytes[(frame - first) * width + (unit >> 3)];
        const bit = (byte >> (7 - (unit & 7))) & 1;
        this.bits[unit * this.frames + frame] = bit;
        if (bit && unit >= this.shown) this.shown = Math.min(this.units, 64 * Math.ceil((unit + 1) / 64));
      }
    }
    this._paint(first, muted);
  }

  repaint(muted) {
    this._paint(0, muted);
  }

  fires(unit) {
    return this.bits.subarray(unit * this.frames, unit * this.frames + this.known);
  }

  /** The row nearest to `row`, at most `reach` from it, that fires in a frame or beside it. */
  near(row, frame, reach) {
    for (let off = 0; off <= reach && reach > 3; off++) {
      for (const at of [row - off, row + off]) {
        if (at < 0 || at >= this.shown) continue;
        if (this.fires(at).subarray(Math.max(0, frame - 1), frame + 2).includes(1)) return at;
      }
    }
    return row;
  }

  _paint(first, muted) {
    this.painted += 1;
    const width = this.known - first;
    if (width <= 0) return;
    const pen = this.picture.getContext("2d");
    const image = pen.createImageData(width, this.units);
    for (let unit = 0; unit < this.units; unit++) {
      const fires = this.fires(unit);
      const opacity = muted.has(unit) ? 40 : 255;
      for (let x = 0; x < width; x++) {
        if (!fires[first + x]) continue;
        const at = 4 * ((this.units - 1 - unit) * width + x);
        image.data.set(EVENT, at);
        image.data[at + 3] = opacity;
      }
    }
    pen.putImageData(image, first, 0);
  }
}

/** A spectrogram `rows x columns` of 0..255, the lowest frequency first, as a picture. */
function spectrum(levels, rows, columns) {
  const picture = sheet(columns, rows);
  const pen = picture.getContext("2d");
  const image = pen.createImageData(columns, rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = 4 * ((rows - 1 - row) * columns + column);
      image.data.set(coloured(levels[row * columns + column] / 255), at);
      image.data[at + 3] = 255;
    }
  }
  pen.putImageData(image, 0, 0);
  return picture;
}

function coloured(level) {
  const place = level * (RAMP.length - 1);
  const below = Math.min(RAMP.length - 2, Math.floor(place));
  return RAMP[below].map((from, i) => from + (RAMP[below + 1][i] - from) * (place - below));
}

function sheet(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}
