"""Jobs, and what runs them while the window is open."""
