// The keyboard: everything in a trial without a pointer.

/** Let keys work in a trial; `isOpen` says whether one is shown. */
function listenToKeys(rating, isOpen, next) {
  const { player } = rating;
  const actions = {
    " ": () => rating.playOrPause(),
    r: () => { rating.hear(0); rating.focus(0); },
    "[": () => rating.repeat(player.position, player.loop[1]),
    "]": () => rating.repeat(player.loop[0], player.position),
    "\\": () => rating.repeat(0, Infinity),
    n: () => next(),
  };
  [...LETTERS.toLowerCase()].forEach((letter, place) => {
    actions[letter] = () => {
      if (place >= rating.order.length) return;
      rating.hear(place + 1);
      rating.focus(place + 1); // so that the arrows rate what is heard
    };
  });
  document.addEventListener("keydown", (event) => {
    const modified = event.ctrlKey || event.altKey || event.metaKey;
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!isOpen() || modified || !action) return;
    event.preventDefault();
    if (!event.repeat) action();
  });
  // Some browsers click a button when the space bar comes up again.
  document.addEventListener("keyup", (event) => {
    if (isOpen() && event.key === " ") event.preventDefault();
  });
}
