"""Inputs of networks in the forms that people have: arrays, lists of events, and sound."""
