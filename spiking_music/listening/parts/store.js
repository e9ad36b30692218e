// Where a listener is in the test, kept by the browser so that a reload loses nothing.

class Store {
  constructor(test) {
    this.key = `spiking-music-listen-${test.id}`;
    this.state = this._read() || this._fresh();
  }

  _fresh() {
    return {
      screen: "start", listener: "", seed: null, volume: 0.5, entry: 0,
      started: null, finished: null, comment: "", answers: [],
    };
  }

  _read() {
    try {
      return JSON.parse(localStorage.getItem(this.key));
    } catch {
      return null;
    }
  }

  /** Keep what has changed; false where the browser keeps nothing. */
  save(changes = {}) {
    Object.assign(this.state, changes);
    try {
      localStorage.setItem(this.key, JSON.stringify(this.state));
      return true;
    } catch {
      return false;
    }
  }

  /** What has been answered to an entry of the plan, by condition. */
  answer(entry) {
    const { answers } = this.state;
    answers[entry] = answers[entry] || { ratings: {}, heard: [], switches: 0, seconds: 0 };
    return answers[entry];
  }

  forget() {
    this.save(this._fresh());
  }
}
