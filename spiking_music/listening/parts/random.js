// Orders that a seed settles: the same seed gives the same test on every machine.

/** A generator of numbers in 0..1 from a 32-bit seed (the mixing steps of MurmurHash3). */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}

function shuffled(items, random) {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

/** All trials in their order for practice, then to be rated; each has its conditions in an order. */
function plan(test, seed) {
  const random = generator(seed);
  const trials = shuffled(test.trials, random);
  const entries = (practice) => trials.map((trial) => ({
    trial, practice, order: shuffled(Object.keys(trial.sounds), random),
  }));
  return [...entries(true), ...entries(false)];
}
