"""`seuil bench`: how fast, how safe. Every figure is measured when it is printed.

These machines are shared and noisy, so figures that are to be compared are taken in turn within one
run, and what is judged is their ratio.
"""
