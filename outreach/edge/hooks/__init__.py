"""Webhooks to programs of ours: signed news of decisions and deliveries, never to a person."""
