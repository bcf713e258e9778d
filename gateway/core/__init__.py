"""The pure core: no clock, no I/O, no logging, no randomness. Frozen data in, frozen data out."""
