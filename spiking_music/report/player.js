"use strict";
// One player for all sounds of the page: they run together and one of them is heard, so that a
// switch stays at the same position. Without scripts each sound has controls of its own.

const APART = 0.03; // seconds that sounds may drift apart before one is set right

class Player {
  constructor(section) {
    this.sounds = [...section.querySelectorAll("audio")];
    this.heard = this.sounds[0];
    const one = section.querySelector(".one");
    this.button = one.querySelector("button");
    this.place = one.querySelector("input");
    this.clock = one.querySelector("output");
    const choices = one.querySelector(".choices");
    choices.replaceChildren(...this.sounds.map((sound, index) => this._choice(sound, index)));
    this.button.addEventListener("click", () => (this.heard.paused ? this.play() : this.pause()));
    this.place.addEventListener("input", () => this.seek(Number(this.place.value)));
    for (const sound of this.sounds) {
      sound.addEventListener("ended", () => { if (sound === this.heard) this.pause(); });
      sound.addEventListener("loadedmetadata", () => this._show());
      sound.addEventListener("error", () => {
        const note = one.querySelector("p");
        note.hidden = false;
        note.textContent = `${sound.getAttribute("src").slice(0, 60)} cannot be played; keep it beside this page.`;
      });
    }
    one.hidden = false;
    section.querySelector(".players").hidden = true;
    this._show();
  }

  play() {
    if (this.heard.ended) this.seek(0);
    this._together();
    for (const sound of this.sounds) sound.play().catch(() => {});
    this._run();
  }

  pause() {
    for (const sound of this.sounds) sound.pause();
    this._show();
  }

  seek(seconds) {
    for (const sound of this.sounds) sound.currentTime = seconds;
    this._show();
  }

  /** Hear another sound from the same position on. */
  choose(sound) {
    const before = this.heard;
    if (Math.abs(sound.currentTime - before.currentTime) > APART) sound.currentTime = before.currentTime;
    this.heard = sound;
    this._together();
  }

  _together() {
    for (const sound of this.sounds) {
      sound.muted = sound !== this.heard;
      if (Math.abs(sound.currentTime - this.heard.currentTime) > APART) sound.currentTime = this.heard.currentTime;
    }
  }

  _run() {
    this._show();
    if (!this.heard.paused) requestAnimationFrame(() => this._run());
  }

  _show() {
    const { heard, place, button } = this;
    const whole = Number.isFinite(heard.duration) ? heard.duration : 0;
    button.textContent = heard.paused ? "Play" : "Pause";
    button.setAttribute("aria-pressed", !heard.paused);
    place.max = whole;
    place.value = heard.currentTime;
    this.clock.textContent = `${time(heard.currentTime)} / ${time(whole)}`;
  }

  _choice(sound, index) {
    const label = document.createElement("label");
    const input = document.createElement("input");
    Object.assign(input, { type: "radio", name: "sound", checked: index === 0 });
    input.addEventListener("change", () => this.choose(sound));
    label.append(input, sound.closest("figure").querySelector("figcaption").textContent);
    return label;
  }
}

function time(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

const player = new Player(document.querySelector("#listen"));
