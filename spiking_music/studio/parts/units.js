// The units by number (bins of a LAPPED model): how often each fires, what it answers to, and which
// are muted. Of many there is no button each: they are chosen in the picture of the events.

class Units {
  /** `changed(muted)` hears of units that are to be muted, `shown(unit)` of the one chosen. */
  constructor(api, model, sounds, { changed, shown }) {
    Object.assign(this, { api, model, sounds, changed, shown });
    this.muted = new Set();
    this.unit = null;
    this.source = null;
    this.matrix = new Matrix(model.rows, 0);
    const grid = document.querySelector("#grid");
    this.buttons = Array.from({ length: model.rows > FEW ? 0 : model.rows }, (_, unit) => {
      const button = document.createElement("button");
      button.textContent = unit;
      button.addEventListener("click", () => this.choose(unit));
      grid.append(button);
      return button;
    });
    document.querySelector("#again").addEventListener("click", () => this.hear());
    document.querySelector("#mute").addEventListener("click", () => this._mute(
      this.muted.has(this.unit) ? without(this.muted, this.unit) : new Set([...this.muted, this.unit])));
    document.querySelector("#solo").addEventListener("click", () => this._mute(
      without(new Set(Array(model.rows).keys()), this.unit)));
    document.querySelector("#unmute").addEventListener("click", () => this._mute(new Set()));
  }

  choose(unit) {
    this.unit = unit;
    this.shown(unit);
    this.show(this.matrix);
    this.hear();
    this._picture();
  }

  /** Play what the chosen unit answers to; the piece makes room for it. */
  async hear() {
    const { unit, sounds } = this;
    const { context } = sounds.player;
    const wanted = (this.wanted = {});
    context.resume();
    sounds.player.pause();
    this.source?.stop();
    this.source = null;
    if (!onsets(this.matrix.fires(unit))) return;
    const facts = document.querySelector("#unit-facts");
    try {
      const buffer = await this.api.sound(`/units/${unit}/sound`, context);
      if (wanted !== this.wanted) return; // another one is to be heard meanwhile
      this.source = context.createBufferSource();
      this.source.buffer = buffer;
      this.source.connect(context.destination);
      this.source.start();
    } catch (error) {
      if (wanted === this.wanted) facts.textContent = error.message;
    }
  }

  /** Show how often units fire in `matrix` and which are muted. */
  show(matrix) {
    this.matrix = matrix;
    document.querySelector("#many").hidden = this.buttons.length > 0;
    document.querySelector("#many").textContent = this.muted.size
      ? `${this.muted.size} of ${this.model.rows} bins are muted.`
      : `${this.model.rows} bins; choose one in the picture of the events.`;
    const shares = this.buttons.map((_, unit) => share(matrix.fires(unit)));
    const top = Math.max(...shares, 1e-6);
    this.buttons.forEach((button, unit) => {
      const percent = (100 * shares[unit]).toFixed(1);
      button.style.setProperty("--rate", shares[unit] / top);
      button.title = `fires in ${percent} % of the frames`;
      const muted = this.muted.has(unit) ? ", muted" : "";
      button.setAttribute("aria-label", `Unit ${unit}, ${percent} %${muted}`);
      button.setAttribute("aria-pressed", unit === this.unit);
      button.classList.toggle("muted", this.muted.has(unit));
    });
    document.querySelector("#unmute").hidden = !this.muted.size;
    document.querySelector("#unit").hidden = this.unit === null;
    if (this.unit !== null) this._showUnit(share(matrix.fires(this.unit)));
  }

  _showUnit(rate) {
    const begins = onsets(this.matrix.fires(this.unit));
    const muted = this.muted.has(this.unit);
    document.querySelector("#unit-name").textContent = named(this.model, this.unit);
    document.querySelector("#unit-facts").textContent = begins
      ? `Fires in ${(100 * rate).toFixed(1)} % of the frames. Shown below and played: what is louder `
        + `than usual around its ${begins} onsets, from 0.15 s before to 0.6 s after.`
      : "Never fires here.";
    document.querySelector("#again").disabled = !begins;
    const button = document.querySelector("#mute");
    button.textContent = muted ? "Unmute" : "Mute";
    button.setAttribute("aria-pressed", muted);
  }

  async _picture() {
    const { unit } = this;
    const canvas = document.querySelector("#answer");
    canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    if (!onsets(this.matrix.fires(unit))) return;
    let levels;
    try { levels = await this.api.bytes(`/units/${unit}/sound?as=picture`); } catch { return; }
    if (unit !== this.unit) return;
    const rows = this.model.picture_rows;
    const { pen, width, height } = cleared(canvas);
    pen.drawImage(spectrum(levels, rows, levels.length / rows), 0, 0, width, height);
    pen.fillStyle = `rgb(${EVENT})`;
    pen.fillRect((0.15 / 0.75) * width, 0, 1.5, height);
  }

  _mute(muted) {
    this.muted = muted;
    this.show(this.matrix);
    this.changed(muted);
  }
}

function onsets(fires) {
  return fires.reduce((sum, bit, i) => sum + (bit && !fires[i - 1] ? 1 : 0), 0);
}

function share(fires) {
  return fires.length ? fires.reduce((sum, bit) => sum + bit, 0) / fires.length : 0;
}

function without(set, item) {
  const rest = new Set(set);
  rest.delete(item);
  return rest;
}
