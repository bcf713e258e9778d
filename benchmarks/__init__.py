"""`seuil bench`: benchmarks of speed and safety. Every figure is measured when it is printed.

These machines are shared and noisy, so figures to be compared are measured in turn within one run,
and their ratio is judged.
"""
