"""The diagnosis of an installation: a sentence for each part, and the remedy for each fault.

Nothing here changes anything: files are opened read-only, and the broker sees a client that keeps
no session and publishes nothing.
"""
