"""How good a codec is: measures, what it is measured against, and the table that comes of it."""
