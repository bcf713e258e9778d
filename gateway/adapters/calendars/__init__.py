"""Bookings from iCalendar files and feeds: fetched, read in a process apart, told as times and ids.

`feed` brings the bytes, `ical` reads them (in a process of its own: `apart`). What an event is
called, where and why, never leaves them.
"""
