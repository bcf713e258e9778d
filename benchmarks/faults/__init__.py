"""`seuil bench faults`: the effects of faults of a disk, power, a broker, a store and a clock.

`disk` fails operations on the journal's files under load, and kills at them (`shim` does both, in
C); `power_cut_images` cuts the power; `broker` and `store` misbehave by script; `clocks` are
wrong over a kill. `rig` is the gateway, broker and crowd that all of them share, `dose` sets
their amount.
"""
