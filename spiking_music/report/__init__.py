"""The room that shows: the demo job, its drawings, its page and its numbers."""
