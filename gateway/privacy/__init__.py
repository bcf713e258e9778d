"""Personal data: its retention, its export for a member, and its erasure.

`retention` runs in the gateway and turns old passages into counts; `erasure`, likewise, overwrites
a member's pseudonym; `member` is called by `seuil privacy` and the console. docs/privacy.md lists
the data that is kept, with place, purpose and period.
"""
