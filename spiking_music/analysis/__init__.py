"""What the units of a model mean: which events follow which notes, chords and pedal moves."""
