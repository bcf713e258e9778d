"""What the members' screens and their API do to the members: found, changed, enrolled, imported.

`roster` finds them, `change` is the one way to change one, `enrolments` waits for a badge at a
reader, `imports` keeps a preview until it is applied, `told` says in words what changed.
"""
