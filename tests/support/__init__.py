"""Helpers of the tests: doubles, drawn pictures, pages and apps to drive."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
