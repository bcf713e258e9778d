"""How many people are where: counts, presence, days, fusion of sensors."""
