"""Panels of the Explore view: each file draws one and owns nothing but its layout."""
