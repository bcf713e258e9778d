"""Bookings from iCalendar files and feeds, parsed in a separate process into times and ids.

`feed` fetches the bytes, `ical` parses them (in a process of its own: `sandbox`). An event's title,
place and description never leave these modules.
"""
