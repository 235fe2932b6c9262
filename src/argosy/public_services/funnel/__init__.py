"""Funnel: what people do step by step, counted by channel, market and version, and never by person."""
