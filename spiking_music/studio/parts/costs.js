// Bits and joules, and what they were before the last change.

const RATES = {
  stored_kbps: "stored",
  paper_kbps: "the paper's formula",
  bound_kbps: "entropy bound",
  dense_kbps: "one bit an entry",
};

class Costs {
  constructor() {
    this.figures = null;
    this.energy = null;
  }

  show(figures) {
    if (same(this.figures, figures)) return; // or what was before would be forgotten
    const before = this.figures;
    this.figures = figures;
    // Of very sparse events one bit an entry would leave no room for the others.
    const others = Math.max(figures.stored_kbps, figures.paper_kbps, figures.bound_kbps);
    const top = Math.min(figures.dense_kbps, 10 * others);
    const rows = Object.entries(RATES).map(([key, name]) => bar(
      name, `${figures[key].toFixed(2)} kbit/s`, Math.min(1, figures[key] / top), changed(before, figures, key)));
    const events = `${Math.round(figures.events_per_second)} events a second, `
      + `${+(100 * figures.density).toPrecision(2)} % of all entries, ${figures.bytes} bytes`;
    document.querySelector("#bits").replaceChildren(...rows, element("p", events, "note"));
  }

  showEnergy(energy) {
    if (same(this.energy, energy)) return;
    const { chips, seconds } = energy;
    const before = this.energy?.chips;
    this.energy = energy;
    document.querySelector("#energy-title").textContent = "Energy of the spiking layer"
      + (seconds ? `, first ${Math.round(seconds)} s` : "");
    const priced = chips.filter((chip) => !chip.refused);
    document.querySelector("#energy").hidden = !chips.length;
    document.querySelector("#joules").replaceChildren(...priced.map((chip) => {
      const row = document.createElement("tr");
      const old = before?.find(({ chip: name }) => name === chip.chip);
      const was = old && old.middle !== chip.middle ? ` (was ${old.middle})` : "";
      row.append(element("th", chip.chip), element("td", chip.middle, "n"),
        element("td", chip.range + was, "note"));
      return row;
    }));
    const without = chips.filter((chip) => chip.refused);
    document.querySelector("#unpriced").replaceChildren(
      ...without.map((chip) => element("li", `${chip.chip}: ${chip.refused}`)));
  }
}

function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

function changed(before, now, key) {
  if (!before || Math.abs(before[key] - now[key]) < 0.005) return "";
  return `was ${before[key].toFixed(2)}`;
}

function bar(name, value, share, was) {
  const row = element("div", "", "rate");
  const meter = element("i", "");
  meter.style.setProperty("--share", share);
  row.append(element("span", name), element("small", was), element("b", value), meter);
  return row;
}

function element(tag, text, kind = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = kind;
  return made;
}
