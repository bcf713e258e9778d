"""`seuil bench faults`: what a disk, a power cut, a broker, a store and a clock can do to us.

`disk` fails operations on the journal's files under load, and kills at them (`shim` does both, in
C); `images` cuts the power; `broker` and `store` misbehave by script; `clocks` are wrong over a
kill. `rig` is the gateway, broker and crowd that all of them share, `dose` says how much of each.
"""
