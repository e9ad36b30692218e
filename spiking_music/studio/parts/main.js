"use strict";
// The studio: what the server has made of the piece, shown as it comes.

const $ = (selector) => document.querySelector(selector);
const STAGES = { wait: "Waiting", read: "Reading", encode: "Encoding" };
const PAUSE = 120; // milliseconds between two questions to the server while it works

async function open() {
  const api = await Api.open();
  const model = await (await fetch("/model")).json();
  return new Studio(api, model);
}

class Studio {
  constructor(api, model) {
    this.api = api;
    this.model = model;
    this.sounds = new Sounds(api);
    this.costs = new Costs();
    this.stage = new Stage(model, {
      chosen: (unit) => this.units.choose(unit),
      sought: (seconds) => this.sounds.seek(seconds),
    });
    this.units = new Units(api, model, this.sounds, {
      changed: (muted) => this.wish(muted),
      shown: (unit) => { this.stage.unit = unit; },
    });
    this.taken = 0;
    this.coding = 0;
    this.turn = 0;
    $("#model").textContent = `${model.name}, ${model.kind}, ${model.units} units`
      + (model.row === "bin" ? ` in ${model.rows} bins` : "");
    this._showMu();
    this._listen();
    this._draw();
    this.watch();
  }

  /** Ask and show until nothing is under way, or until somebody else watches. */
  async watch() {
    const turn = (this.turn += 1);
    const over = () => turn !== this.turn;
    while (!over()) {
      let state;
      try {
        state = await this.api.progress();
        if (over()) return;
        await this._show(state, over);
      } catch (error) {
        if (!over()) this._trouble(error.message);
        return;
      }
      if (!state.job) return;
      await new Promise((done) => setTimeout(done, PAUSE));
    }
  }

  /** Change something and watch what becomes of it; true if it could be changed. */
  async _change(ask) {
    this.turn += 1; // who watches may ask for what is gone after the change
    let changed = true;
    try {
      await ask();
    } catch (error) {
      this._trouble(error.message);
      changed = false;
    }
    await this.watch();
    return changed;
  }

  /** Take files one after another, until others are given. */
  async take(files) {
    this.given = files;
    for (const file of files) {
      this._trouble("");
      const taken = await this._change(() => this.api.give(file));
      if (!taken || this.given !== files) return;
    }
  }

  /** Take the recording that comes with the studio. */
  async example() {
    const answer = await fetch("/example");
    const name = /filename="([^"]*)"/.exec(answer.headers.get("content-disposition"))?.[1] ?? "example.flac";
    return this.take([new File([await answer.blob()], name)]);
  }

  wish(muted) {
    const mu = this.model.largest_mu === null ? null : Number($("#mu").value);
    return this._change(() => this.api.wish(mu, [...muted]));
  }

  /** Show a state; what takes time is left out once it is `over`. */
  async _show(state, over) {
    const { job, error, piece } = state;
    $("#job").hidden = !job;
    if (job) {
      $("#at").textContent = STAGES[job.stage] || capital(job.stage);
      $("#done").value = job.share;
    }
    if (error) this._trouble(error);
    document.body.classList.toggle("empty", !piece);
    if (!piece) return;
    if (state.taken !== this.taken) await this._showPiece(piece, state, over);
    if (over()) return;
    if (!job) this._showMuted(new Set(state.muted));
    await this._showEvents(state, over);
    if (over()) return;
    if (JSON.stringify(state.notes) !== JSON.stringify(this.stage.notes)) this.stage.notes = state.notes;
    $("#show-notes").disabled = !state.notes;
    if (state.mu !== null && !job) $("#mu").value = state.mu;
    this._showMu();
    if (state.heard !== this.sounds.heard && state.sounds.length) {
      await this.sounds.load(state.sounds, state.heard);
    }
    if (over()) return;
    if (state.figures) this.costs.show(state.figures);
    if (state.energy) this.costs.showEnergy(state.energy);
    $("#bits").classList.toggle("past", !state.figures);
    $("#energy").classList.toggle("past", !state.energy);
  }

  async _showPiece(piece, state, over) {
    this.taken = state.taken;
    $("#name").textContent = piece.name;
    if (piece.warnings.length) this._trouble(piece.warnings.join(". "));
    this.stage.clear(piece.samples / this.model.sample_rate);
    this.units.muted = new Set(state.muted);
    this.units.show(this.stage.matrix);
    this.coding = null;
    this.model.picture_rows = piece.bins;
    const levels = await this.api.bytes("/picture");
    if (over()) {
      this.taken = null; // who watches now shows the piece anew
      return;
    }
    this.stage.picture = spectrum(levels, piece.bins, piece.columns);
    $("#stage").setAttribute("aria-label", `Events over the spectrogram of ${piece.name}`);
  }

  /** What is muted once nothing is under way, a cancelled wish among it. */
  _showMuted(muted) {
    const { units, stage } = this;
    if ([...muted].sort().join() === [...units.muted].sort().join()) return;
    units.muted = muted;
    units.show(stage.matrix);
  }

  async _showEvents(state, over) {
    const { stage, units } = this;
    if (state.coding !== this.coding) {
      this.coding = state.coding;
      stage.matrix = new Matrix(this.model.rows, state.frames);
    }
    if (state.encoded > stage.matrix.known) {
      const path = `/events?coding=${state.coding}&from=${stage.matrix.known}`;
      const bytes = await this.api.bytes(path);
      if (over()) return;
      stage.matrix.add(bytes, units.muted);
      units.show(stage.matrix);
    }
  }

  _showMu() {
    const { largest_mu: largest, no_mu: why } = this.model;
    $("#mu").disabled = largest === null;
    $("#mu").max = largest ?? 31;
    $("#mu-value").textContent = largest === null ? "–" : $("#mu").value;
    $("#mu").closest(".bar").hidden = this.model.row === "bin";
    $("#no-mu").textContent = why || "0: most events. 4 more: half as many.";
  }

  _trouble(text) {
    $("#trouble").textContent = text;
    $("#trouble").hidden = !text;
  }

  _listen() {
    const { stage, units, sounds } = this;
    for (const button of document.querySelectorAll(".example")) {
      button.addEventListener("click", () => this.example());
    }
    $("#cancel").addEventListener("click", () => this._change(() => this.api.cancel()));
    $("#mu").addEventListener("input", () => this._showMu());
    $("#mu").addEventListener("change", () => this.wish(units.muted));
    for (const layer of ["sound", "notes", "events"]) {
      $(`#show-${layer}`).addEventListener("change", ({ target }) => {
        stage.layers[layer] = target.checked;
      });
    }
    $("#in").addEventListener("click", () => stage.zoom(0.6));
    $("#out").addEventListener("click", () => stage.zoom(1 / 0.6));
    document.addEventListener("keydown", (event) => {
      if (event.key !== " " || event.target.closest("button, input, label")) return;
      event.preventDefault();
      sounds.toggle();
    });
  }

  _draw() {
    const { player } = this.sounds;
    if (this.stage.seconds && !document.hidden) {
      if (this.painted !== this.units.muted) {
        this.painted = this.units.muted;
        this.stage.matrix.repaint(this.painted);
      }
      if (player.playing) this.stage.follow(player.position);
      this.stage.draw(player.position);
      this.sounds.draw();
    }
    requestAnimationFrame(() => this._draw());
  }
}

function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}

const studio = open();
// A file may be dropped before the server has said what it serves: it waits, and is not lost.
takeFiles(async (files) => (await studio).take(files));
