"""How good a codec is: measures, systems to compare with, and tables."""
