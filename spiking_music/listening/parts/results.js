// What a listener takes home: one JSON file, and the same by POST where the test has an address.

/** The results of a finished test, as `spiking-music listen score` reads them. */
function results(test, state, entries) {
  const rated = entries.map((entry, index) => ({ ...entry, answer: state.answers[index] }));
  return {
    format: 1,
    test: test.id,
    title: test.title,
    listener: state.listener,
    seed: state.seed,
    started: state.started,
    finished: state.finished,
    volume: state.volume,
    comment: state.comment,
    trials: rated.filter(({ practice }) => !practice).map(({ trial, order, answer }) => ({
      clip: trial.clip,
      order,
      ratings: answer.ratings,
      switches: answer.switches,
      seconds: Math.round(answer.seconds * 10) / 10,
    })),
  };
}

function download(found) {
  const file = new Blob([JSON.stringify(found, null, 2)], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `listen-${found.test}-${found.seed}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Send the results; true where the server says that it has them. */
async function send(address, found) {
  try {
    // Plain text, since a server need not allow JSON from a page that is not its own.
    return (await fetch(address, { method: "POST", body: JSON.stringify(found) })).ok;
  } catch {
    return false;
  }
}
