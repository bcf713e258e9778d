"""The operations on members behind the screens and the API: search, change, enrolment, import.

`search` finds them, `authorised_change` is the only way to change one, `enrolment` waits for a
badge at a reader, `imports` keeps a preview until it is applied, `member_text` describes them in
words.
"""
