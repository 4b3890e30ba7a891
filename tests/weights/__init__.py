"""Tests of modcli.weights: no test here needs a network or real weights."""
