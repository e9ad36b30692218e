// The screens in their order: start, volume, practice, trials, end.

const test = JSON.parse(document.querySelector("#test").textContent);
const store = new Store(test);
const $ = (selector) => document.querySelector(selector);
const say = (text) => { $("#said").textContent = text; };
const player = new Player(new AudioContext());
const rating = new Rating($("#rating"), player, store, say);

function entries() {
  return plan(test, store.state.seed);
}

/** Show the screen where the listener is. */
async function show() {
  const { screen, entry } = store.state;
  for (const section of document.querySelectorAll("main > section")) {
    section.hidden = section.id !== screen;
  }
  const keeps = store.save();
  $("#unkept").hidden = keeps;
  player.pause();
  $(`#${screen} h1`).focus();
  await { start: showStart, volume: showVolume, rating: () => showTrial(entry), end: showEnd }[screen]();
}

function go(changes) {
  store.save(changes);
  return show();
}

function showStart() {
  $("#listener").value = store.state.listener;
}

async function showVolume() {
  $("#level").value = store.state.volume;
  setVolume(store.state.volume);
  showTry();
  $("#try").disabled = true;
  const { trial } = entries()[0];
  const buffers = await decoded(player.context, [trial.sounds[test.reference]]);
  if (store.state.screen !== "volume") return; // the listener has gone on meanwhile
  player.load(buffers);
  $("#try").disabled = false;
}

function showTry() {
  $("#try").setAttribute("aria-pressed", player.playing);
  $("#try").textContent = player.playing ? "Pause" : "Play";
}

async function showTrial(index) {
  const all = entries();
  const count = test.trials.length;
  const number = (index % count) + 1;
  const { practice } = all[index];
  $("#place").textContent = `${practice ? "Practice" : "Sound"} ${number} of ${count}`;
  $("#progress").value = index;
  $("#progress").max = all.length;
  const last = practice ? "Begin the test" : "Finish";
  $("#rating .next").textContent = number < count ? "Next sound" : last;
  setVolume(store.state.volume);
  await rating.open(index, all[index], test.reference);
}

function showEnd() {
  $("#comment").value = store.state.comment;
  $("#send").hidden = !test.post;
}

function setVolume(level) {
  player.volume = level ** 2; // a slider sounds even when its gain is not
}

function found() {
  return results(test, store.state, entries());
}

function next() {
  if (rating.next.disabled) return;
  rating.close();
  const entry = store.state.entry + 1;
  const finished = entry === entries().length;
  go(finished ? { screen: "end", finished: new Date().toISOString() } : { entry });
}

$("#begin").addEventListener("submit", (event) => {
  event.preventDefault();
  const typed = $("#seed").value.trim();
  const seed = typed === "" ? crypto.getRandomValues(new Uint32Array(1))[0] : Number(typed);
  const listener = $("#listener").value.trim();
  go({ screen: "volume", listener, seed, started: new Date().toISOString() });
});

$("#level").addEventListener("input", () => {
  store.save({ volume: Number($("#level").value) });
  setVolume(store.state.volume);
});
$("#try").addEventListener("click", () => {
  if (player.playing) player.pause(); else player.play();
  showTry();
});
$("#ready").addEventListener("click", () => go({ screen: "rating", entry: 0 }));

$("#rating .next").addEventListener("click", next);
listenToKeys(rating, () => store.state.screen === "rating", next);

$("#comment").addEventListener("input", () => store.save({ comment: $("#comment").value }));
$("#download").addEventListener("click", () => download(found()));
$("#send").addEventListener("click", async () => {
  $("#sent").textContent = "Sending…";
  const arrived = await send(test.post, found());
  $("#sent").textContent = arrived
    ? "Sent. Thank you!"
    : "This did not arrive. Please save the file and hand it in.";
});
$("#again").addEventListener("click", () => {
  if (confirm("Forget all ratings of this test on this computer?")) {
    store.forget();
    show();
  }
});

function draw() {
  if (store.state.screen === "rating" && !document.hidden) rating.timeline.draw();
  requestAnimationFrame(draw);
}
draw();
show();
