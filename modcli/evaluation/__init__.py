"""How good a profile, a model or a change is, measured on labelled rows."""
