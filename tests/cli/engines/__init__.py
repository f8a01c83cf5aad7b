"""Recipes on the real engines, by the commands that certkit prints, to the letter."""
