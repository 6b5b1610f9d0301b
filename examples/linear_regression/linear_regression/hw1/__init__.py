"""Homework 1: a line through points, how wrong it is, and which way is better."""
