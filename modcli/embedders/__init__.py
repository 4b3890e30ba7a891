"""Texts to vectors, by models far smaller than the one that judges."""
