"use strict";
// The studio: what the server has made of the piece, shown as it comes.

const $ = (selector) => document.querySelector(selector);
const STAGES = { wait: "Waiting", read: "Reading", encode: "Encoding", count: "Counting bits" };
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
    this.piece = null;
    this.coding = 0;
    $("#model").textContent = `${model.name}, ${model.kind}, ${model.units} units`;
    this._showMu();
    this._listen();
    this._draw();
    this.watch();
  }

  /** Ask and show until nothing is under way. */
  async watch() {
    const turn = (this.turn = (this.turn || 0) + 1);
    while (turn === this.turn) {
      let state;
      try {
        state = await this.api.progress();
        await this._show(state);
      } catch (error) {
        this._trouble(error.message);
        return;
      }
      if (!state.job) return;
      await new Promise((done) => setTimeout(done, PAUSE));
    }
  }

  async take(files) {
    for (const file of files) {
      try {
        this._trouble("");
        await this.api.give(file);
      } catch (error) {
        this._trouble(error.message);
        return;
      }
      await this.watch();
    }
  }

  async wish(muted) {
    const mu = this.model.largest_mu === null ? null : Number($("#mu").value);
    try {
      await this.api.wish(mu, [...muted]);
    } catch (error) {
      this._trouble(error.message);
    }
    this.watch();
  }

  async _show(state) {
    const { job, error, piece } = state;
    $("#job").hidden = !job;
    if (job) {
      $("#at").textContent = STAGES[job.stage] || capital(job.stage);
      $("#done").value = job.share;
    }
    if (error) this._trouble(error);
    document.body.classList.toggle("empty", !piece);
    if (!piece) return;
    await this._showPiece(piece, state);
    await this._showEvents(state);
    if (JSON.stringify(state.notes) !== JSON.stringify(this.stage.notes)) this.stage.notes = state.notes;
    $("#show-notes").disabled = !state.notes;
    if (state.mu !== null && !job) $("#mu").value = state.mu;
    this._showMu();
    if (state.heard !== this.sounds.heard && state.sounds.length) {
      await this.sounds.load(state.sounds, state.heard);
    }
    if (state.figures) this.costs.show(state.figures);
  }

  async _showPiece(piece, state) {
    const name = `${piece.name}/${piece.samples}/${piece.columns}`;
    if (name === this.piece) return;
    this.piece = name;
    $("#name").textContent = piece.name;
    if (piece.warnings.length) this._trouble(piece.warnings.join(". "));
    this.stage.clear(piece.samples / this.model.sample_rate);
    this.units.muted = new Set(state.muted);
    this.coding = null;
    this.model.picture_rows = piece.bins;
    const levels = await this.api.bytes("/picture");
    this.stage.picture = spectrum(levels, piece.bins, piece.columns);
    $("#stage").setAttribute("aria-label", `Events over the spectrogram of ${piece.name}`);
  }

  async _showEvents(state) {
    const { stage, units } = this;
    if (state.coding !== this.coding) {
      this.coding = state.coding;
      stage.matrix = new Matrix(this.model.units, state.frames);
    }
    if (state.encoded > stage.matrix.known) {
      const path = `/events?coding=${state.coding}&from=${stage.matrix.known}`;
      stage.matrix.add(await this.api.bytes(path), units.muted);
      units.show(stage.matrix);
    }
  }

  _showMu() {
    const { largest_mu: largest, no_mu: why } = this.model;
    $("#mu").disabled = largest === null;
    $("#mu").max = largest ?? 31;
    $("#mu-value").textContent = largest === null ? "–" : $("#mu").value;
    $("#no-mu").textContent = why || "0: most events. 4 more: half as many.";
  }

  _trouble(text) {
    $("#trouble").textContent = text;
    $("#trouble").hidden = !text;
  }

  _listen() {
    const { stage, units, sounds } = this;
    $("#cancel").addEventListener("click", async () => {
      await this.api.cancel();
      this.watch();
    });
    $("#mu").addEventListener("input", () => this._showMu());
    $("#mu").addEventListener("change", () => this.wish(units.muted));
    for (const layer of ["sound", "notes", "events"]) {
      $(`#show-${layer}`).addEventListener("change", ({ target }) => {
        stage.layers[layer] = target.checked;
      });
    }
    $("#strength").addEventListener("input", ({ target }) => { stage.strength = Number(target.value); });
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
