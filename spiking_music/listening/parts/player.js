// Sounds that run together, of which one is heard: a switch stays at the same position.

const FADE = 0.005; // seconds; BS.1534-3 fades by 5 ms where a loop or a switch would click
const LINES = 8; // of a fade
const SHORTEST_LOOP = 0.5; // seconds, BS.1534-3
const SOON = 0.03; // seconds that all voices get to start at the same sample

class Player {
  constructor(context) {
    this.context = context;
    this.output = context.createGain();
    this.output.connect(context.destination);
    this.buffers = [];
    this.voices = [];
    this.chosen = 0;
    this.at = 0; // seconds into the sound, while nothing plays
    this.loop = [0, 0];
    this.playing = false;
  }

  /** Take `buffers`, AudioBuffers of one length, and stop what is heard. */
  load(buffers) {
    this.pause();
    this.buffers = buffers;
    this.chosen = 0;
    this.at = 0;
    this.loop = [0, buffers[0].duration];
  }

  get duration() {
    return this.buffers.length ? this.buffers[0].duration : 0;
  }

  get position() {
    if (!this.playing) return this.at;
    const [start, end] = this.loop;
    const gone = Math.max(0, this.context.currentTime - this.origin);
    return start + (gone % (end - start));
  }

  play() {
    if (this.playing || !this.buffers.length) return;
    this.context.resume();
    this._start();
  }

  pause() {
    if (!this.playing) return;
    this.at = this.position;
    this._stop();
  }

  seek(seconds) {
    this._restart(() => { this.at = seconds; });
  }

  /** Hear another sound from the same position on: one fades out, then the other fades in. */
  choose(index) {
    if (this.playing && index !== this.chosen) {
      const now = this.context.currentTime;
      ramp(this.voices[this.chosen].gain.gain, 0, now);
      ramp(this.voices[index].gain.gain, 1, now + FADE);
    }
    this.chosen = index;
  }

  /** Repeat `start..end`, seconds, at least half a second of the sound. */
  repeat(start, end) {
    const whole = this.duration;
    const least = Math.min(SHORTEST_LOOP, whole);
    start = Math.min(Math.max(0, start), whole - least);
    end = Math.min(Math.max(end, start + least), whole);
    this._restart(() => { this.loop = [start, end]; });
  }

  set volume(gain) {
    this.output.gain.value = gain;
  }

  _restart(change) {
    const playing = this.playing;
    this.pause();
    change();
    if (playing) this._start();
  }

  _start() {
    const [start, end] = this.loop;
    if (this.at < start || this.at >= end) this.at = start;
    const when = this.context.currentTime + SOON;
    this.voices = this.buffers.map((buffer, index) => {
      const source = this.context.createBufferSource();
      const gain = this.context.createGain();
      source.buffer = looped(this.context, buffer, start, end);
      source.loop = true;
      gain.gain.value = 0;
      source.connect(gain).connect(this.output);
      source.start(when, this.at - start);
      return { source, gain };
    });
    ramp(this.voices[this.chosen].gain.gain, 1, when);
    this.origin = when - (this.at - start);
    this.playing = true;
  }

  _stop() {
    const now = this.context.currentTime;
    for (const { source, gain } of this.voices) {
      ramp(gain.gain, 0, now);
      source.stop(now + 2 * FADE);
    }
    this.voices = [];
    this.playing = false;
  }
}

// A raised cosine in short lines: these may be cut short by the next switch, a curve may not.
function ramp(parameter, value, when) {
  const from = parameter.value;
  parameter.cancelScheduledValues(0);
  parameter.setValueAtTime(from, when);
  for (let line = 1; line <= LINES; line++) {
    const share = 0.5 - 0.5 * Math.cos((Math.PI * line) / LINES);
    parameter.linearRampToValueAtTime(from + (value - from) * share, when + (FADE * line) / LINES);
  }
}

/** The part `start..end` of a buffer with raised cosines of 5 ms at both ends. */
function looped(context, buffer, start, end) {
  const rate = buffer.sampleRate;
  const first = Math.round(start * rate);
  const length = Math.max(1, Math.min(Math.round(end * rate), buffer.length) - first);
  const part = context.createBuffer(1, length, rate);
  const samples = part.getChannelData(0);
  samples.set(buffer.getChannelData(0).subarray(first, first + length));
  const fade = Math.min(Math.round(FADE * rate), length >> 1);
  for (let i = 0; i < fade; i++) {
    const gain = 0.5 - 0.5 * Math.cos((Math.PI * (i + 0.5)) / fade);
    samples[i] *= gain;
    samples[length - 1 - i] *= gain;
  }
  return part;
}

/** Decode the FLAC files, base64, of one trial. */
function decoded(context, sounds) {
  return Promise.all(sounds.map((sound) => {
    const bytes = Uint8Array.from(atob(sound), (letter) => letter.charCodeAt(0));
    return context.decodeAudioData(bytes.buffer);
  }));
}
