// The piece over time: spectrogram, notes and events on one another, and an overview of it all.

const MARGIN = { left: 46, bottom: 22 };
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
    this.strength = 0.5;
    this.notes = null;
    this.unit = null;
    this.clear(0);
    this._listen();
  }

  clear(seconds) {
    this.seconds = seconds;
    this.picture = null;
    this.matrix = new Matrix(this.model.units, 0);
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
    const box = { left: MARGIN.left, width: width - MARGIN.left, height: height - MARGIN.bottom };
    const { start, span } = this.view;
    const x = (seconds) => box.left + ((seconds - start) / span) * box.width;
    const row = box.height / this.model.units;
    pen.save();
    pen.beginPath();
    pen.rect(box.left, 0, box.width, box.height);
    pen.clip();
    pen.fillStyle = "rgb(9, 13, 20)";
    pen.fillRect(box.left, 0, box.width, box.height);
    this._drawSound(pen, x, box);
    this._drawNotes(pen, x, box);
    this._drawEvents(pen, x, box);
    if (this.unit !== null) {
      pen.strokeStyle = "white";
      pen.lineWidth = 1.5;
      pen.strokeRect(box.left - 2, (this.model.units - 1 - this.unit) * row - 0.5, box.width + 4, row + 1);
    }
    pen.fillStyle = "white";
    pen.fillRect(x(position) - 0.75, 0, 1.5, box.height);
    pen.restore();
    this._drawAxes(pen, x, box, height);
    this._drawOverview(position);
  }

  _changed(position) {
    const { canvas, layers, matrix } = this;
    const look = [
      position, this.view, this.picture, this.notes, matrix, matrix.painted, this.unit,
      this.strength, layers.sound, layers.notes, layers.events,
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
    pen.drawImage(this.picture, x(-column / 2), 0,
      x(this.picture.width * column) - x(0), box.height);
  }

  _drawEvents(pen, x, box) {
    const { matrix, model } = this;
    if (!matrix.known) return;
    const frame = model.hop / model.sample_rate;
    if (this.layers.events) {
      pen.imageSmoothingEnabled = false;
      pen.globalAlpha = this.strength;
      pen.drawImage(matrix.picture, x(0), 0, x(matrix.frames * frame) - x(0), box.height);
      pen.globalAlpha = 1;
    }
    if (matrix.known < matrix.frames) {
      pen.fillStyle = `rgb(${EVENT})`;
      pen.fillRect(x(matrix.known * frame), 0, 2, box.height);
    }
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
    return box.height * (1 - (pitch - 21) / 12 / this.octaves);
  }

  _drawAxes(pen, x, box, height) {
    const style = getComputedStyle(this.canvas);
    pen.fillStyle = style.color;
    pen.font = `12px ${style.fontFamily}`;
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    for (let octave = 1; octave <= 8; octave++) {
      const y = this._height(12 * (octave + 1), box);
      if (y > 6) pen.fillText(`C${octave}`, box.left - 8, y);
    }
    pen.textAlign = "center";
    const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60].find((s) => (s / this.view.span) * box.width > 56) || 60;
    const first = Math.ceil(this.view.start / step);
    for (let i = first; i * step <= this.view.start + this.view.span; i++) {
      const place = Math.max(x(i * step), box.left + 10);
      pen.fillText(`${+(i * step).toFixed(1)} s`, Math.min(place, box.left + box.width - 14), height - 8);
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
      const { unit } = this._under(event);
      if (unit !== null) this.chosen(unit);
    });
    canvas.addEventListener("pointermove", (event) => {
      const { unit, seconds } = this._under(event);
      if (unit !== null) this.under.textContent = `Unit ${unit} at ${seconds.toFixed(2)} s`;
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
      this.sought(Math.min(Math.max(0, seconds), this.seconds));
    };
    overview.addEventListener("pointerdown", seek);
    overview.addEventListener("pointermove", seek);
  }

  _under(event) {
    const box = this.canvas.getBoundingClientRect();
    const across = (event.clientX - box.left - MARGIN.left) / (box.width - MARGIN.left);
    const down = (event.clientY - box.top) / (box.height - MARGIN.bottom);
    const inside = this.matrix.known > 0 && across >= 0 && down >= 0 && down < 1;
    return {
      seconds: this.view.start + across * this.view.span,
      unit: inside ? this.model.units - 1 - Math.floor(down * this.model.units) : null,
    };
  }
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
