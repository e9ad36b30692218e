"""A listening test as one page, and the score of its results."""
