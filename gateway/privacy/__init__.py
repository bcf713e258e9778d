"""Personal data: how long it is kept, what a member may have of it, and how it goes.

`retention` runs in the gateway and turns old passages into counts; `erasure`, likewise, writes over
somebody's pseudonym; `member` is what `seuil privacy` and the console call. docs/privacy.md says
what is kept where, why and for how long.
"""
