"""The panels of the Models room: what a checkpoint is, how it was trained, what it is worth."""
