"""Components with their own JavaScript: one Python adapter each, script and style beside it."""
