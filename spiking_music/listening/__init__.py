"""A listening test as one page, and what its listeners said."""
