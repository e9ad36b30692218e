// What the page asks of the server, within a session of its own.

class Api {
  /** Go on with this tab's session, or begin one. */
  static async open() {
    const kept = sessionStorage.getItem("session");
    if (kept && (await fetch(`/sessions/${kept}`)).ok) return new Api(kept);
    const { session } = await (await fetch("/sessions", { method: "POST" })).json();
    sessionStorage.setItem("session", session);
    return new Api(session);
  }

  constructor(session) {
    this.base = `/sessions/${session}`;
  }

  progress() {
    return this._json("");
  }

  give(file) {
    return this._json(`/file?name=${encodeURIComponent(file.name)}`, { method: "PUT", body: file });
  }

  wish(mu, muted) {
    return this._json("/wishes", { method: "PUT", body: JSON.stringify({ mu, muted }) });
  }

  cancel() {
    return this._json("/job", { method: "DELETE" });
  }

  async bytes(path) {
    return new Uint8Array(await (await this._asked(path)).arrayBuffer());
  }

  async sound(path, context) {
    return context.decodeAudioData(await (await this._asked(path)).arrayBuffer());
  }

  async _json(path, how) {
    return (await this._asked(path, how)).json();
  }

  async _asked(path, how) {
    const answer = await fetch(this.base + path, how);
    if (answer.ok) return answer;
    const text = await answer.text();
    let reason = text;
    try { reason = JSON.parse(text).error; } catch { /* it is the reason itself */ }
    throw new Error(reason);
  }
}
