"""Journeys through the admin in a real browser."""
