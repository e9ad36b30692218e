// One trial: a row for each condition, with a button that plays it and a scale to rate it on.

const LETTERS = "ABCDEFGHIJKL";
const QUALITIES = ["Bad", "Poor", "Fair", "Good", "Excellent"];

function quality(rating) {
  return QUALITIES[Math.min(4, Math.floor(rating / 20))];
}

class Rating {
  constructor(root, player, store, say) {
    Object.assign(this, { root, player, store, say });
    this.rows = root.querySelector(".rows");
    this.reference = root.querySelector(".reference");
    this.toggle = root.querySelector(".toggle");
    this.next = root.querySelector(".next");
    this.remaining = root.querySelector(".remaining");
    this.timeline = new Timeline(root.querySelector(".timeline"), player, () => this._sayLoop());
    this.reference.addEventListener("click", () => this.hear(0));
    this.toggle.addEventListener("click", () => this.playOrPause());
    root.querySelector(".whole").addEventListener("click", () => this.repeat(0, Infinity));
  }

  /** Show entry `index` of the plan, with what was answered before a reload. */
  async open(index, { trial, order, practice }, reference) {
    this.entry = index;
    this.order = order;
    this.answer = this.store.answer(index);
    this.began = performance.now();
    this.rows.replaceChildren(...order.map((name, place) => this._row(name, place)));
    this.root.querySelector(".last").textContent = LETTERS[order.length - 1];
    this.root.setAttribute("aria-busy", "true");
    this.root.classList.toggle("practice", practice);
    this.rows.inert = true;
    this._showRemaining(); // who is quick does not leave a trial before it is there
    const sounds = [reference, ...order].map((name) => trial.sounds[name]);
    const buffers = await decoded(this.player.context, sounds);
    if (this.entry !== index) return; // the listener has gone on meanwhile
    this.player.load(buffers);
    this.timeline.load(buffers[0]);
    this.root.removeAttribute("aria-busy");
    this.rows.inert = false;
    this._show();
  }

  /** Play sound `index`: 0 is the reference, 1 the first row. */
  hear(index) {
    if (index > this.order.length || this.root.hasAttribute("aria-busy")) return;
    if (index !== this.player.chosen) this.answer.switches += 1;
    this.player.choose(index);
    this.player.play();
    const name = this.order[index - 1];
    if (index && !this.answer.heard.includes(name)) this.answer.heard.push(name);
    this.store.save();
    this.say(`Playing ${index ? LETTERS[index - 1] : "the reference"}`);
    this._show();
  }

  playOrPause() {
    if (!this.player.playing) return this.hear(this.player.chosen);
    this.player.pause();
    this.say("Paused");
    this._show();
  }

  repeat(start, end) {
    this.player.repeat(start, end);
    this.timeline.show();
    this._sayLoop();
  }

  focus(index) {
    if (index) this.rows.children[index - 1].querySelector("input").focus();
    else this.reference.focus();
  }

  /** End the trial: keep how long it took and let the sound stop. */
  close() {
    this.player.pause();
    this.answer.seconds += (performance.now() - this.began) / 1000;
    this.entry = null;
    this.store.save();
  }

  _row(name, place) {
    const letter = LETTERS[place];
    const row = document.querySelector("#row").content.firstElementChild.cloneNode(true);
    const button = row.querySelector("button");
    const scale = row.querySelector("input");
    button.textContent = letter;
    button.setAttribute("aria-label", `Play ${letter}`);
    button.setAttribute("aria-keyshortcuts", letter.toLowerCase());
    button.addEventListener("click", () => this.hear(place + 1));
    scale.setAttribute("aria-label", `Quality of ${letter}`);
    scale.value = this.answer.ratings[name] ?? 50;
    const rate = () => {
      if (this.player.chosen !== place + 1) this.hear(place + 1); // only what is heard is rated
      this.answer.ratings[name] = Number(scale.value);
      this.store.save();
      this._show();
    };
    // A click on the thumb where it lies rates too, which is no input.
    scale.addEventListener("input", rate);
    scale.addEventListener("click", rate);
    return row;
  }

  _show() {
    const { playing, chosen } = this.player;
    this.toggle.setAttribute("aria-pressed", playing);
    this.toggle.textContent = playing ? "Pause" : "Play";
    this._press(this.reference, chosen === 0);
    this.order.forEach((name, place) => {
      const row = this.rows.children[place];
      const scale = row.querySelector("input");
      const rating = this.answer.ratings[name];
      this._press(row.querySelector("button"), chosen === place + 1);
      row.classList.toggle("unrated", rating === undefined);
      row.classList.toggle("unheard", !this.answer.heard.includes(name));
      row.querySelector("output").textContent = rating ?? "\u2013";
      const spoken = rating === undefined ? "not rated yet" : `${rating}, ${quality(rating)}`;
      scale.setAttribute("aria-valuetext", spoken);
    });
    this._showRemaining();
  }

  _press(button, chosen) {
    button.setAttribute("aria-pressed", chosen && this.player.playing);
    button.classList.toggle("chosen", chosen);
  }

  _showRemaining() {
    const practice = this.root.classList.contains("practice");
    const count = (done) => this.order.filter((name) => !done(name)).length;
    const unheard = count((name) => this.answer.heard.includes(name));
    const unrated = practice ? 0 : count((name) => name in this.answer.ratings);
    this.next.disabled = unheard + unrated > 0;
    const parts = [unheard && `${unheard} to hear`, unrated && `${unrated} to rate`];
    this.remaining.textContent = parts.filter(Boolean).join(", ");
  }

  _sayLoop() {
    const [start, end] = this.player.loop;
    const whole = start === 0 && end === this.player.duration;
    this.say(whole ? "Repeating all" : `Repeating ${start.toFixed(1)} to ${end.toFixed(1)} seconds`);
  }
}
