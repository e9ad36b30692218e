// The waveform of the reference, where the sound is, and the part that is repeated.

class Timeline {
  constructor(root, player, changed) {
    this.canvas = root.querySelector("canvas");
    this.start = root.querySelector(".loop-start");
    this.end = root.querySelector(".loop-end");
    this.player = player;
    this.peaks = [];
    const repeat = () => {
      player.repeat(Number(this.start.value), Number(this.end.value));
      this.show();
      changed();
    };
    this.start.addEventListener("input", repeat);
    this.end.addEventListener("input", repeat);
    this.canvas.addEventListener("pointerdown", (event) => {
      const box = this.canvas.getBoundingClientRect();
      player.seek(((event.clientX - box.left) / box.width) * player.duration);
    });
  }

  load(buffer) {
    this.peaks = peaks(buffer.getChannelData(0), 400);
    for (const handle of [this.start, this.end]) handle.max = buffer.duration;
    this.show();
  }

  /** Put the handles where the player's loop is. */
  show() {
    [this.start, this.end].forEach((handle, index) => {
      const seconds = this.player.loop[index];
      handle.value = seconds;
      handle.setAttribute("aria-valuetext", `${seconds.toFixed(1)} seconds`);
    });
  }

  /** Draw what is seen now, if it is not what was drawn last. */
  draw() {
    const { canvas, player } = this;
    const scale = window.devicePixelRatio || 1;
    const colours = getComputedStyle(canvas);
    const look = [player.position, player.loop, this.peaks, canvas.clientWidth, scale, colours.color];
    if (look.every((value, i) => value === this.drawn?.[i])) return;
    this.drawn = look;
    canvas.width = canvas.clientWidth * scale;
    canvas.height = canvas.clientHeight * scale;
    const { width, height } = canvas;
    const pen = canvas.getContext("2d");
    const [band, accent, faint, ink] =
      ["--band", "--accent", "--faint", "--ink"].map((name) => colours.getPropertyValue(name));
    const across = (seconds) => (seconds / (player.duration || 1)) * width;
    const [start, end] = player.loop.map(across);
    pen.fillStyle = band;
    pen.fillRect(start, 0, end - start, height);
    const step = width / this.peaks.length;
    this.peaks.forEach((peak, index) => {
      const x = index * step;
      pen.fillStyle = x >= start - step && x <= end ? accent : faint;
      const tall = Math.max(scale, peak * height * 0.86);
      pen.fillRect(x, (height - tall) / 2, Math.max(1, step * 0.6), tall);
    });
    pen.fillStyle = ink;
    pen.fillRect(across(player.position) - scale, 0, 2 * scale, height);
  }
}

/** The largest magnitude in each of `count` parts, the loudest 1. */
function peaks(samples, count) {
  const step = samples.length / count;
  const largest = Array.from({ length: count }, (_, part) => {
    let peak = 0;
    for (let i = Math.floor(part * step); i < (part + 1) * step; i++) {
      peak = Math.max(peak, Math.abs(samples[i] || 0));
    }
    return peak;
  });
  const top = Math.max(...largest) || 1;
  return largest.map((peak) => peak / top);
}
