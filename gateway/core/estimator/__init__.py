"""How many people are in each room, from everything that is known: an exact Bayes filter a zone.

    evidence -> window (sorted by time, 10 s) -> zone: advance, weigh, move -> reading

Read in this order: `belief` (the arithmetic on a distribution over 0, 1, 2 … people), `evidence`
(what may be told), `zone` (one zone, and which chapter says what each kind of evidence does to it),
`misses` (how many its counters miss), `returns` (what that means for the zone outside), `totals`
(cumulative counters), `standing` (the site's estimate, looked at), `applied` (one piece of evidence
and the zones that it is about), `window` (late and doubled evidence), `reading` (the numbers that
are published, and their reasons), `layout` (a site's zones and devices as this folder sees them).

Everything is a frozen value and goes through a snapshot unchanged. The model, each figure's reason
and what was measured beside it are in docs/estimate.md.
"""
