"""The room of pictures: one style for all, and the paper's figures drawn from our own results."""
