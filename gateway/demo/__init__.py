"""`seuil demo`: the whole house on one machine, with simulated people, and a judgement at the end.

`play` tells the story from top to bottom. The broker, the gateway and the live page are child
processes, the same that operators run; the people are simulated in this one.
"""
