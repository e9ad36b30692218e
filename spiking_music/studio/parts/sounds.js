// The sounds of the piece, which run together, and which of them is heard.

const SOUNDS = {
  original: "Original",
  decoded: "Decoded",
  without: "Without the muted",
  carried: "What the muted carried",
};

class Sounds {
  constructor(api) {
    this.api = api;
    this.player = new Player(new AudioContext());
    this.names = [];
    this.wanted = "original";
    this.heard = 0;
    this.choices = document.querySelector("#sounds");
    this.button = document.querySelector("#play");
    this.time = document.querySelector("#time");
    this.clock = document.querySelector("#clock");
    this.button.addEventListener("click", () => this.toggle());
    this.time.addEventListener("input", () => this.player.seek(Number(this.time.value)));
    this.choices.addEventListener("change", ({ target }) => this.choose(target.value));
  }

  /** Load what the server has now, and go on from where the sound is. */
  async load(names, heard) {
    this.heard = heard;
    const buffers = await Promise.all(names.map(
      (name) => this.api.sound(`/sounds/${name}?heard=${heard}`, this.player.context)));
    if (this.heard !== heard) return; // something newer is on its way
    const { playing, position, duration } = this.player;
    const longer = buffers[0].duration;
    this.player.load(buffers);
    if (duration === longer) this.player.seek(position);
    this.names = names;
    this.time.max = longer;
    if (!names.includes(this.wanted)) this.wanted = names.includes("decoded") ? "decoded" : names[0];
    this._show();
    this.player.choose(names.indexOf(this.wanted));
    if (playing && duration === longer) this.player.play();
    this.draw();
  }

  toggle() {
    if (this.player.playing) this.player.pause(); else this.player.play();
    this.draw();
  }

  choose(name) {
    this.wanted = name;
    this.player.choose(this.names.indexOf(name));
    this._show();
  }

  seek(seconds) {
    this.player.seek(seconds);
  }

  draw() {
    const { playing, position } = this.player;
    const label = playing ? "Pause" : "Play";
    if (this.button.textContent !== label) {
      this.button.textContent = label;
      this.button.setAttribute("aria-pressed", playing);
    }
    this.time.value = position;
    const minutes = Math.floor(position / 60);
    this.clock.textContent = `${minutes}:${(position % 60).toFixed(1).padStart(4, "0")}`;
  }

  _show() {
    this.choices.replaceChildren(...this.names.map((name) => {
      const label = document.createElement("label");
      const input = document.createElement("input");
      Object.assign(input, { type: "radio", name: "sound", value: name, className: "unseen" });
      input.checked = name === this.wanted;
      label.append(input, SOUNDS[name]);
      return label;
    }));
    this.choices.querySelector("input:checked")?.setAttribute("data-chosen", "");
  }
}
