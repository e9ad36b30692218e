"""What the units of a model respond to: notes, chords and the pedal."""
