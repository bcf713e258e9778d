"""`seuil demo`: the whole system on one machine with simulated people, and a final verdict.

`play` runs a demo from start to end. The broker, the gateway and the live page are child processes,
the same that operators run; the people are simulated in this process.
"""
