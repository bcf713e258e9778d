"""The occupancy estimator: an exact Bayes filter per zone over the number of people in it.

    evidence -> window (sorted by time, 10 s) -> zone: advance, weigh, move -> reading

Read in this order: `distribution` (the arithmetic on a distribution over 0, 1, 2 … people),
`evidence` (the kinds of evidence), `zone` (one zone, and the module that applies each kind of
evidence to it), `miss_rate` (how many people its counters miss), `conservation` (what this means
for the zone outside), `counters` (cumulative counters), `state` (the site's estimate, and reading
it), `update` (one piece of evidence and the zones that it affects), `reorder_window` (late and
duplicate evidence), `estimate` (the numbers that are published, and their reasons), `layout` (a
site's zones and devices as this package sees them).

Everything is a frozen value and goes through a snapshot unchanged. The model, each figure's reason
and what was measured beside it are in docs/estimate.md.
"""
