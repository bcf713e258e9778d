"""What a volunteer asks when nothing works: each part looked at, a sentence each, and what to do.

Nothing here changes anything: files are opened for reading, and the broker sees a client that keeps
no session and publishes nothing.
"""
