"""Coders: a binary matrix as bytes, with integers only, so that every machine agrees."""
