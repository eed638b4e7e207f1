"""Oxford Flowers-102: real photographs, downloaded, with their place in the tree of plants."""
