"""Reliability trials: faults under load on real servers, and a verdict by an independent checker."""
