// The piece over time: the spectrogram with the notes, below it the events on an axis of their own,
// and an overview of it all.

const MARGIN = { left: 58, bottom: 22, between: 12 };
const OVERVIEW_SECONDS = 12; // shown at first
const LEAST_SECONDS = 0.5;
const NOTES = "rgba(255, 255, 255, .92)";

class Stage {
  /** `chosen(unit)` hears of clicks on a unit, `sought(seconds)` of clicks on the overview. */
  constructor(model, { chosen, sought }) {
    Object.assign(this, { model, chosen, sought });
    this.canvas = document.querySelector("#stage");
    this.overview = document.querySelector("#overview");
    this.under = document.querySelector("#under");
    this.octaves = Math.log2(model.sample_rate / 2 / model.lowest_hz);
    this.layers = { sound: true, notes: true, events: true };
    this.notes = null;
    this.unit = null;
    this.clear(0);
    this._listen();
  }

  clear(seconds) {
    this.seconds = seconds;
    this.picture = null;
    this.matrix = new Matrix(this.model.rows, 0);
    this.view = { start: 0, span: Math.max(LEAST_SECONDS, Math.min(seconds, OVERVIEW_SECONDS)) };
  }

  zoom(factor, at = this.view.start + this.view.span / 2) {
    const span = Math.min(Math.max(this.view.span * factor, LEAST_SECONDS), Math.max(this.seconds, LEAST_SECONDS));
    const share = (at - this.view.start) / this.view.span;
    this.move(at - share * span, span);
  }

  move(start, span = this.view.span) {
    this.view = { start: Math.min(Math.max(0, start), Math.max(0, this.seconds - span)), span };
  }

  /** Keep what is heard in sight. */
  follow(seconds) {
    const { start, span } = this.view;
    if (seconds < start || seconds > start + span) this.move(seconds - 0.05 * span);
  }

  /** Draw what is seen at `position`, seconds, if it is not what was drawn last. */
  draw(position) {
    if (!this._changed(position)) return;
    const { pen, width, height } = cleared(this.canvas);
    const { start, span } = this.view;
    const x = (seconds) => MARGIN.left + ((seconds - start) / span) * (width - MARGIN.left);
    const { pitches, rows } = this._panels(width, height);
    for (const box of [pitches, rows]) {
      if (!box) continue;
      pen.save();
      pen.beginPath();
      pen.rect(box.left, box.top, box.width, box.height);
      pen.clip();
      pen.fillStyle = "rgb(9, 13, 20)";
      pen.fillRect(box.left, box.top, box.width, box.height);
      if (box === pitches) {
        this._drawSound(pen, x, box);
        this._drawNotes(pen, x, box);
      } else {
        this._drawEvents(pen, x, box);
      }
      pen.fillStyle = "white";
      pen.fillRect(x(position) - 0.75, box.top, 1.5, box.height);
      pen.restore();
    }
    pen.fillStyle = getComputedStyle(this.canvas).color;
    pen.font = `12px ${getComputedStyle(this.canvas).fontFamily}`;
    if (pitches) this._drawPitches(pen, pitches);
    if (rows) this._drawRows(pen, rows);
    this._drawSeconds(pen, x, width, height);
    this._drawOverview(position);
  }

  /** Where the sound and notes are drawn, and where the events; null for what is not shown. */
  _panels(width, height) {
    const box = { left: MARGIN.left, width: width - MARGIN.left };
    const { sound, notes, events } = this.layers;
    const whole = height - MARGIN.bottom;
    const upper = sound || (notes && this.notes);
    const split = Math.round((whole - MARGIN.between) * 0.5);
    if (!upper) return { pitches: null, rows: events ? { ...box, top: 0, height: whole } : null };
    if (!events) return { pitches: { ...box, top: 0, height: whole }, rows: null };
    const below = split + MARGIN.between;
    return {
      pitches: { ...box, top: 0, height: split },
      rows: { ...box, top: below, height: whole - below },
    };
  }

  _changed(position) {
    const { canvas, layers, matrix } = this;
    const look = [
      position, this.view, this.picture, this.notes, matrix, matrix.painted, this.unit,
      layers.sound, layers.notes, layers.events,
      canvas.clientWidth, canvas.clientHeight, getComputedStyle(canvas).color,
    ];
    const changed = look.some((value, i) => value !== this.drawn?.[i]);
    this.drawn = look;
    return changed;
  }

  _drawSound(pen, x, box) {
    if (!this.picture || !this.layers.sound) return;
    // A column shows the sound around its middle.
    const column = this.model.picture_hop / this.model.sample_rate;
    pen.imageSmoothingEnabled = true;
    pen.drawImage(this.picture, x(-column / 2), box.top,
      x(this.picture.width * column) - x(0), box.height);
  }

  _drawEvents(pen, x, box) {
    const { matrix, model } = this;
    if (!matrix.known) return;
    const frame = model.hop / model.sample_rate;
    const start = x(model.first * frame);
    const { shown, units, frames } = matrix;
    pen.imageSmoothingEnabled = shown > box.height;
    pen.drawImage(matrix.picture, 0, units - shown, Math.max(1, frames), shown,
      start, box.top, x(frames * frame) - x(0), box.height);
    if (matrix.known < frames) {
      pen.fillStyle = `rgb(${EVENT})`;
      pen.fillRect(start + x(matrix.known * frame) - x(0), box.top, 2, box.height);
    }
    if (this.unit === null) return;
    const row = box.height / shown;
    const top = box.top + (shown - 1 - this.unit) * row;
    pen.strokeStyle = "white";
    pen.lineWidth = 1.5;
    pen.strokeRect(box.left - 2, top - 0.5, box.width + 4, Math.max(row, 2) + 1);
  }

  _drawNotes(pen, x, box) {
    if (!this.notes || !this.layers.notes) return;
    const semitone = box.height / (12 * this.octaves);
    pen.strokeStyle = NOTES;
    pen.fillStyle = "rgba(255, 255, 255, .16)";
    pen.lineWidth = 1;
    for (const [onset, release, pitch] of this.notes) {
      const left = x(onset);
      const wide = Math.max(2, x(release) - left);
      if (left > box.left + box.width || left + wide < box.left) continue;
      const y = this._height(pitch, box) - semitone / 2;
      pen.fillRect(left, y, wide, semitone);
      pen.strokeRect(left, y, wide, semitone);
      pen.fillStyle = NOTES;
      pen.fillRect(left, y, 2, semitone);
      pen.fillStyle = "rgba(255, 255, 255, .16)";
    }
  }

  /** Where a MIDI pitch lies: the axis begins at A0, 27.5 Hz, which is 21. */
  _height(pitch, box) {
    return box.top + box.height * (1 - (pitch - 21) / 12 / this.octaves);
  }

  _drawPitches(pen, box) {
    this._drawName(pen, box, "pitch");
    for (let octave = 1; octave <= 8; octave++) {
      const y = this._height(12 * (octave + 1), box);
      if (y > box.top + 6) pen.fillText(`C${octave}`, box.left - 8, y);
    }
  }

  _drawRows(pen, box) {
    this._drawName(pen, box, this.model.row);
    const { shown } = this.matrix;
    const step = [5, 10, 20, 50, 100, 200, 500, 1000].find((s) => (s / shown) * box.height > 24) || 2000;
    for (let row = 0; row < shown; row += step) {
      const y = box.top + box.height * (1 - (row + 0.5) / shown);
      pen.fillText(row, box.left - 8, Math.max(Math.min(y, box.top + box.height - 6), box.top + 6));
    }
  }

  /** What an axis counts, written upwards beside it. */
  _drawName(pen, box, name) {
    pen.save();
    pen.translate(8, box.top + box.height / 2);
    pen.rotate(-Math.PI / 2);
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(name, 0, 0);
    pen.restore();
    pen.textBaseline = "middle";
    pen.textAlign = "right";
  }

  _drawSeconds(pen, x, width, height) {
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    const room = width - MARGIN.left;
    const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60].find((s) => (s / this.view.span) * room > 56) || 60;
    const first = Math.ceil(this.view.start / step);
    for (let i = first; i * step <= this.view.start + this.view.span; i++) {
      const place = Math.max(x(i * step), MARGIN.left + 10);
      pen.fillText(`${+(i * step).toFixed(1)} s`, Math.min(place, width - 14), height - 8);
    }
  }

  _drawOverview(position) {
    const { pen, width, height } = cleared(this.overview);
    if (!this.seconds) return;
    const x = (seconds) => (seconds / this.seconds) * width;
    if (this.picture) pen.drawImage(this.picture, 0, 0, width, height);
    const { start, span } = this.view;
    pen.fillStyle = "rgba(9, 13, 20, .66)";
    pen.fillRect(0, 0, x(start), height);
    pen.fillRect(x(start + span), 0, width, height);
    pen.fillStyle = "white";
    pen.fillRect(x(position) - 0.75, 0, 1.5, height);
  }

  _listen() {
    const { canvas, overview } = this;
    canvas.addEventListener("click", (event) => {
      const { unit, seconds } = this._under(event);
      if (unit !== null) this.chosen(unit); else this.sought(this._inside(seconds));
    });
    canvas.addEventListener("pointermove", (event) => {
      const { unit, seconds } = this._under(event);
      const what = unit === null ? "" : `${named(this.model, unit)} at `;
      this.under.textContent = `${what}${this._inside(seconds).toFixed(2)} s`;
    });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const { span, start } = this.view;
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        this.move(start + ((event.deltaX || event.deltaY) / 800) * span);
      } else {
        this.zoom(Math.exp(event.deltaY / 400), this._under(event).seconds);
      }
    }, { passive: false });
    const seek = (event) => {
      if (event.type === "pointermove" && !event.buttons) return;
      const box = overview.getBoundingClientRect();
      const seconds = ((event.clientX - box.left) / box.width) * this.seconds;
      this.move(seconds - this.view.span / 2);
      this.sought(this._inside(seconds));
    };
    overview.addEventListener("pointerdown", seek);
    overview.addEventListener("pointermove", seek);
  }

  _inside(seconds) {
    return Math.min(Math.max(0, seconds), this.seconds);
  }

  _under(event) {
    const canvas = this.canvas.getBoundingClientRect();
    const across = (event.clientX - canvas.left - MARGIN.left) / (canvas.width - MARGIN.left);
    const { rows } = this._panels(canvas.width, canvas.height);
    const down = rows ? (event.clientY - canvas.top - rows.top) / rows.height : -1;
    const inside = this.matrix.known > 0 && across >= 0 && down >= 0 && down < 1;
    const seconds = this.view.start + across * this.view.span;
    if (!inside) return { seconds, unit: null };
    const { shown } = this.matrix;
    const frame = Math.floor((seconds * this.model.sample_rate) / this.model.hop - this.model.first);
    // Rows may be thinner than a point: the nearest that fires is meant.
    return { seconds, unit: this.matrix.near(shown - 1 - Math.floor(down * shown), frame, (3 * shown) / rows.height) };
  }
}

/** How a row is called; a bin of a transform is also a frequency. */
function named(model, row) {
  if (model.row === "unit") return `Unit ${row}`;
  return `Bin ${row}, ${Math.round(((row + 0.5) * model.sample_rate) / 2 / model.hop)} Hz`;
}

/** The pen of an empty canvas as sharp as the screen, and its size in CSS pixels. */
function cleared(canvas) {
  const scale = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  return { pen, width, height };
}
