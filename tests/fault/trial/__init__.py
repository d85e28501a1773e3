"""Reliability trials: faults under load on real servers, and the verdict of a checker apart."""
